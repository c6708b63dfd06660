"""RTMP 1.0, both sides, sans I/O: handshake, chunk, message, command, connection."""
