"""From findings to diagnoses: which slice is to blame, what kind of drift it is, how it came, what it costs."""
