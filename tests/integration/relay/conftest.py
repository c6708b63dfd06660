"""What the relay tests share: one running server, its client, a fake CDN, and films to publish."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served
from tests.media.film import BLUE, GREEN, RED, make_film


@pytest.fixture(autouse=True, scope="session")
def _ffmpeg() -> None:
    """Skip all of them where nobody can publish."""
    if why := ffmpeg_missing():
        pytest.skip(why)


@pytest.fixture(scope="session")
def red_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red film that beeps at 1000 Hz."""
    return make_film(tmp_path_factory.mktemp("film") / "red.flv", RED, 1000)


@pytest.fixture(scope="session")
def green_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A green film that beeps at 2000 Hz."""
    return make_film(tmp_path_factory.mktemp("film") / "green.flv", GREEN, 2000)


@pytest.fixture(scope="session")
def blue_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blue film that beeps at 500 Hz."""
    return make_film(tmp_path_factory.mktemp("film") / "blue.flv", BLUE, 500)


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
    """A fake CDN that does all it is asked for, until told otherwise."""
    with HostedCdn() as running:
        yield running


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without a worker, for one file of tests."""
    with Served(tmp_path_factory.mktemp("base"), roles=["bus", "control", "ingest"]) as running:
        yield running


@pytest.fixture
def worker(base: Served, tmp_path: Path) -> Callable[[str], Served]:
    """Make a worker of `base`, by its name."""

    def make(name: str) -> Served:
        (tmp_path / name).mkdir()
        return Served(tmp_path / name, roles=["worker"], TAILRACE_BUS__URL=base.bus_url())

    return make
