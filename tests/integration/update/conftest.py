"""What the update tests share: one running server, four people in its room, its client, and a fake CDN."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served
from tests.integration.update.running import stop_all
from tests.integration.update.scenes import PEOPLE, ROOM, publishing


@pytest.fixture(autouse=True, scope="session")
def _ffmpeg() -> None:
    """Skip all of them where nobody can publish."""
    if why := ffmpeg_missing():
        pytest.skip(why)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for films."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests that leave it as it was: each uses stream names of its own."""
    # The fastest preset: it is the changes that are judged, on machines that have other things to do.
    with Served(tmp_path_factory.mktemp("served"), TAILRACE_ENCODING__PRESET="ultrafast") as running:
        yield running


@pytest.fixture(scope="session")
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


@pytest.fixture
def cdn() -> Iterator[HostedCdn]:
    """A fake CDN that does all it is asked for, until told otherwise."""
    with HostedCdn() as running:
        yield running
