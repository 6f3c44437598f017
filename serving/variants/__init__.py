"""Variants: named versions of voice search, several of them loaded at once."""
