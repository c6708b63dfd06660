"""What all tests share: one real nats-server for the whole run."""

from collections.abc import Iterator

import pytest

from tailrace.bus.embedded import EmbeddedServer
from tailrace.secret import Secret
from tests.harness.nats import nats_server_in


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A nats-server on a free port, for all tests: use names of your own, and never restart or stop this one."""
    with nats_server_in(tmp_path_factory.mktemp("bus")) as server:
        yield server


@pytest.fixture(scope="session")
def nats_url(nats_server: EmbeddedServer) -> Secret:
    """The address of `nats_server`, with its credentials."""
    return nats_server.url
