"""One ingest process for the tests of this folder that do not end it."""

from collections.abc import Iterator

import pytest

from tailrace.secret import Secret
from tests.harness.ingest import IngestProcess


@pytest.fixture(scope="package")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    """A running ingest process: use rooms and names of your own, and never stop this one."""
    with IngestProcess(nats_url) as process:
        yield process
