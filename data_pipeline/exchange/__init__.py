"""Manifests to and from what other tools read: Lhotse's sets and Hugging Face's data sets."""
