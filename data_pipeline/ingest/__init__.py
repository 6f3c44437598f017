"""Takes recordings in, however they lie: each layout gives what it has found, and one place measures and admits it."""
