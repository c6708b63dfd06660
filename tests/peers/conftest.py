"""What the tests with foreign programs share: one running server, and nginx as the CDN."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.nginx import Nginx, nginx_missing
from tests.harness.publisher import ffmpeg_missing
from tests.integration.relay.conftest import cloud, served
from tests.media.film import RED, make_film

__all__ = ["cloud", "film", "nginx", "served"]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red film that beeps at 1000 Hz."""
    if why := ffmpeg_missing():
        pytest.skip(why)
    return make_film(tmp_path_factory.mktemp("film") / "red.flv", RED, 1000)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx with the RTMP module."""
    if why := nginx_missing():
        pytest.skip(why)
    with Nginx(tmp_path_factory.mktemp("nginx")) as running:
        yield running
