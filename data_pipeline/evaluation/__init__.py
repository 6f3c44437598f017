"""Offline evaluation: systems answer recordings whose words are known, and are scored."""
