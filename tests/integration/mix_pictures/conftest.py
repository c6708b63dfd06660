"""What the tests of pictures share: what mix tests have, and a web for each test."""

from collections.abc import Iterator

import pytest

from tests.harness.hosted_web import HostedWeb
from tests.integration.mix.conftest import _ffmpeg, cdn, cloud, films, served, stage

__all__ = ["_ffmpeg", "cdn", "cloud", "films", "served", "stage", "web"]


@pytest.fixture
def web() -> Iterator[HostedWeb]:
    """A web server that has nothing yet."""
    with HostedWeb() as running:
        yield running
