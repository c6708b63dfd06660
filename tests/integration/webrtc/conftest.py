"""One ingest process for the tests of this folder that do not end it."""

from collections.abc import Iterator

import pytest

from tailrace.secret import Secret
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.ingest import IngestProcess
from tests.harness.served import Served


@pytest.fixture(scope="package")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    """A running ingest process: use rooms and names of your own, and never stop this one."""
    with IngestProcess(nats_url) as process:
        yield process


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests that leave it as it was: each uses rooms and stream names of its own."""
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """The SDK's client of `served`."""
    return Cloud(served)


@pytest.fixture
def cdn() -> Iterator[HostedCdn]:
    """A fake CDN that does all it is asked for."""
    with HostedCdn() as running:
        yield running
