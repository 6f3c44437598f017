"""Traffic of a voice search, drawn from real recordings through simulated devices and the real pipeline."""
