"""Judges detectors on streams in which it is known what changed, for whom and when."""
