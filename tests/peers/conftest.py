"""What the tests with foreign programs share: one running server, and nginx as the CDN."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.nginx import Nginx, nginx_missing
from tests.harness.cloud import Cloud
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served
from tests.media.film import RED, make_film


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red film that beeps at 1000 Hz."""
    if why := ffmpeg_missing():
        pytest.skip(why)
    return make_film(tmp_path_factory.mktemp("film") / "red.flv", RED, 1000)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all these tests: each uses rooms and stream names of its own."""
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """The SDK's client of `served`."""
    return Cloud(served)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx with the RTMP module."""
    if why := nginx_missing():
        pytest.skip(why)
    with Nginx(tmp_path_factory.mktemp("nginx")) as running:
        yield running
