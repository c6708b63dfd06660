"""Bytes and values: no I/O, clock, randomness or logging in here."""
