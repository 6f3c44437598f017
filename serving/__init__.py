"""Answers requests: API, batching, search, pages and the `voicesearch` command."""
