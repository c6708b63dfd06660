"""Mixes, judged by their content at the CDN."""
