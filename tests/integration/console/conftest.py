"""What the tests of the console's pages share: one server that calls back, a browser, publishers, a fake CDN."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.harness.browser import Looker
from tests.harness.chromium import chromium_missing, launch_chromium
from tests.harness.hosted_web import HostedWeb
from tests.harness.publisher import Publisher, ffmpeg_missing
from tests.harness.served import Served
from tests.integration.callbacks.controlled import served_with
from tests.integration.relay.conftest import cdn, cloud
from tests.media.film import GREEN, RED, make_film

__all__ = ["browser", "cdn", "cloud", "enter", "films", "looker", "served", "web"]

HOOK = "/hook"
Entering = Callable[[str, str], AbstractContextManager[Publisher]]


@pytest.fixture(autouse=True, scope="session")
def _programs() -> None:
    """Skip all of them where nobody can look or publish."""
    if why := chromium_missing() or ffmpeg_missing():
        pytest.skip(why)


@pytest.fixture(scope="package")
def web() -> Iterator[HostedWeb]:
    """The server that callbacks go to; it takes them all unless told otherwise."""
    with HostedWeb() as running:
        running.serve(HOOK, b"{}")
        yield running


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, web: HostedWeb) -> Iterator[Served]:
    """A server for all tests of the console: each uses rooms and stream names of its own."""
    with served_with(tmp_path_factory.mktemp("console"), web.url(HOOK)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file of tests: it is heavy."""
    with sync_playwright() as playwright:
        running = launch_chromium(playwright)
        yield running
        running.close()


@pytest.fixture
def looker(browser: Browser, served: Served) -> Iterator[Looker]:
    """Somebody at a desk, not yet signed in."""
    with Looker(browser, served) as running:
        yield running


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A red film for anna, and a green one for whoever else comes."""
    folder = tmp_path_factory.mktemp("film")
    return {
        "anna": make_film(folder / "red.flv", RED, 1000),
        "ben": make_film(folder / "green.flv", GREEN, 2000),
    }


@pytest.fixture(scope="package")
def enter(served: Served, films: dict[str, Path]) -> Entering:
    """Have anna or ben publish into a room over RTMP."""

    def publish(room: str, user: str) -> Publisher:
        return Publisher(films[user], served.publish_url(room, user))

    return publish
