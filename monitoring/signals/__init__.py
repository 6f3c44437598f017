"""What is watched: one definition for each signal, in one file for each group of them."""
