"""Degrees of automation: what the model answers by itself, what people answer, and by which evidence."""
