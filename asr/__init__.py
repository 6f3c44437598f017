"""Sound to text: front end, engines, conventions, metrics. Knows no server and no database."""
