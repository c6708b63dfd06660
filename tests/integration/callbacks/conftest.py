"""What the tests of callbacks share: what tests of the bus have, on a nats-server of their own."""

from tests.integration.bus.conftest import app, bus_server

__all__ = ["app", "bus_server"]
