"""What the update tests share: one running server, four people in its room, its client, and a fake CDN."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.served import Served
from tests.integration.mix.conftest import _ffmpeg, cdn, films
from tests.integration.update.running import stop_all
from tests.integration.update.scenes import PEOPLE, ROOM, publishing

__all__ = ["_ffmpeg", "cdn", "cloud", "films", "people", "served"]


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests that leave it as it was: each uses stream names of its own."""
    # The fastest preset: it is the changes that are judged, on machines that have other things to do.
    with Served(tmp_path_factory.mktemp("served"), TAILRACE_ENCODING__PRESET="ultrafast") as running:
        yield running


@pytest.fixture(scope="package")
def people(served: Served, films: Path) -> Iterator[None]:
    """All of PEOPLE publish into ROOM; they came in their order."""
    with publishing(served, films, ROOM, PEOPLE):
        yield


@pytest.fixture
def cloud(served: Served) -> Iterator[Cloud]:
    """The SDK's client of `served`; what a test has left running is stopped, so that no other test is slowed down."""
    client = Cloud(served)
    yield client
    stop_all(client)
