"""Train, dev and test sets with nobody and nothing on two sides."""
