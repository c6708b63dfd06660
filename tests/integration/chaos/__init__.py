"""Chaos: processes are killed and frozen by seed while relays run, and callers' answers are compared with the CDN."""
