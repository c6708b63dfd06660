"""RTMP without I/O: one core for both sides. `server` and `client` are what the drivers use; the rest serves them."""
