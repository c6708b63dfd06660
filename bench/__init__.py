"""Benchmarks: Tailrace beside ffmpeg, in one run on one machine. `python -m bench --help`; docs/benchmarks.md."""
