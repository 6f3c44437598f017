"""One file for each inference runtime."""
