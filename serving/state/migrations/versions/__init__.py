"""One file for a revision."""
