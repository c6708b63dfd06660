"""Outputs that are fed back into rooms."""
