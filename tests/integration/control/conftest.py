"""A nats-server of their own for these tests, since they fill the queue; and one control server in front of it."""

from collections.abc import Iterator

import pytest

from tailrace.secret import Secret
from tests.harness.nats import nats_server_in
from tests.integration.control.running import Control, control


@pytest.fixture(scope="package")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secret]:
    """The address of a nats-server that nobody else takes work from."""
    with nats_server_in(tmp_path_factory.mktemp("control-bus")) as server:
        yield server.url


@pytest.fixture(scope="package")
def api(nats_url: Secret) -> Iterator[Control]:
    """A control server with the usual configuration."""
    with control(nats_url) as running:
        yield running
