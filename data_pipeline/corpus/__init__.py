"""What is in a manifest: lengths, loudness, noise, words, speakers, sources."""
