"""A nats-server of their own for these tests, since they fill the queue; and one control server in front of it."""

from collections.abc import Iterator

import pytest

from tailrace.bus.embedded import EmbeddedServer
from tailrace.secret import Secret
from tests.integration.control.running import Control, control


@pytest.fixture(scope="package")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secret]:
    """The address of a nats-server that nobody else takes work from."""
    server = EmbeddedServer(tmp_path_factory.mktemp("control-bus"))
    server.start()
    try:
        server.wait_ready(10)
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="package")
def api(nats_url: Secret) -> Iterator[Control]:
    """A control server with the usual configuration."""
    with control(nats_url) as running:
        yield running
