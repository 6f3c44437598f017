"""HTTP routes, one file for each group; each turns a request into a call and a result into JSON."""
