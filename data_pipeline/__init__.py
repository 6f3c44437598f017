"""Builds data sets, evaluates, trains. Stands on `asr` and `monitoring`."""
