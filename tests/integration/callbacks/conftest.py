"""A nats-server of their own for these tests, and a control server in the same event loop as the receivers."""

import itertools
from collections.abc import Iterator

import pytest

from tailrace.bus.embedded import EmbeddedServer
from tailrace.ids import SdkAppId
from tests.harness.nats import nats_server_in

_apps = itertools.count(1_400_000_000)


@pytest.fixture(scope="package")
def bus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A nats-server for these tests; those that restart one start their own."""
    with nats_server_in(tmp_path_factory.mktemp("callbacks-bus")) as server:
        yield server


@pytest.fixture
def app() -> SdkAppId:
    """An app of this test alone."""
    return SdkAppId(next(_apps))
