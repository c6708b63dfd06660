"""What the mix tests share: what relay tests have, the films of people, and a room for each test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.stage import Stage
from tests.integration.relay.conftest import _ffmpeg, cdn, cloud, served

__all__ = ["_ffmpeg", "cdn", "cloud", "films", "served", "stage"]

_rooms = count(1)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where people's films are kept; each is made once."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture
def stage(served: Served, cloud: Cloud, cdn: HostedCdn, films: Path) -> Iterator[Stage]:
    """A room that no other test uses."""
    with Stage(served, cloud, cdn, films, f"stage{next(_rooms)}") as running:
        yield running
