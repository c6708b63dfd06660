"""The ingest process: RTMP in, rooms, the built-in CDN."""
