"""What the tests of pictures share: one running server, and a web, a fake CDN and a room for each test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.hosted_web import HostedWeb
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served
from tests.harness.stage import Stage

_rooms = count(1)


@pytest.fixture(autouse=True, scope="session")
def _ffmpeg() -> None:
    """Skip all of them where nobody can publish."""
    if why := ffmpeg_missing():
        pytest.skip(why)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where people's films are kept; each is made once."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests that leave it as it was."""
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """The SDK's client of `served`."""
    return Cloud(served)


@pytest.fixture
def cdn() -> Iterator[HostedCdn]:
    """A fake CDN that does all it is asked for, until told otherwise."""
    with HostedCdn() as running:
        yield running


@pytest.fixture
def web() -> Iterator[HostedWeb]:
    """A web server that has nothing yet."""
    with HostedWeb() as running:
        yield running


@pytest.fixture
def stage(served: Served, cloud: Cloud, cdn: HostedCdn, films: Path) -> Iterator[Stage]:
    """A room that no other test uses."""
    with Stage(served, cloud, cdn, films, f"stage{next(_rooms)}") as running:
        yield running
