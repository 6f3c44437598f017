"""What is kept of people: what of it is left out, for how long it stays, and how it is deleted."""
