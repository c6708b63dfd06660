"""FFmpeg through PyAV: blocking, loaded in child processes only."""
