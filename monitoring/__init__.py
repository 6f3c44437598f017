"""Judges the events of any machine-learning service. Knows no model and no web framework."""
