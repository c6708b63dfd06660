"""Tailrace: relay real-time rooms to CDNs, driven by the TRTC relay API."""

__version__ = "0.1.0"
