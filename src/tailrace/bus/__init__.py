"""NATS: media, presence, task records, leases, events."""
