"""One ingest process for the tests of this folder that do not end it, and one whole server."""

from collections.abc import Iterator

import pytest

from tailrace.secret import Secret
from tests.harness.ingest import IngestProcess
from tests.integration.relay.conftest import cdn, cloud, served

__all__ = ["cdn", "cloud", "ingest", "served"]


@pytest.fixture(scope="package")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    """A running ingest process: use rooms and names of your own, and never stop this one."""
    with IngestProcess(nats_url) as process:
        yield process
