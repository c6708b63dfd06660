"""One ingest process, and films to publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.secret import Secret
from tests.harness.ingest import IngestProcess
from tests.media.film import BLUE, GREEN, make_film


@pytest.fixture(scope="package")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    """A running ingest process: use rooms of your own, and never stop this one."""
    with IngestProcess(nats_url) as process:
        yield process


@pytest.fixture(scope="package")
def green_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Green, 500 Hz."""
    return make_film(tmp_path_factory.mktemp("films") / "green.flv", GREEN, 500)


@pytest.fixture(scope="package")
def blue_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blue, 900 Hz."""
    return make_film(tmp_path_factory.mktemp("films") / "blue.flv", BLUE, 900)
