"""Simulates devices: what a recording would be, had another microphone, codec, room or voice detector made it."""
