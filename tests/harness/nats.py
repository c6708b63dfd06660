"""A nats-server for as long as a test, or many, need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace.bus.embedded import EmbeddedServer


@contextmanager
def nats_server_in(folder: Path) -> Iterator[EmbeddedServer]:
    """Run a nats-server with its data in `folder`, on a free port. It may be stopped and started meanwhile."""
    server = EmbeddedServer(folder)
    server.start()
    try:
        server.wait_ready(10)
        yield server
    finally:
        server.stop()
