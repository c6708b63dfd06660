"""One ingest process, and films to publish."""

from pathlib import Path

import pytest

from tests.integration.webrtc.conftest import ingest
from tests.media.film import BLUE, GREEN, make_film

__all__ = ["blue_film", "green_film", "ingest"]


@pytest.fixture(scope="package")
def green_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Green, 500 Hz."""
    return make_film(tmp_path_factory.mktemp("films") / "green.flv", GREEN, 500)


@pytest.fixture(scope="package")
def blue_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blue, 900 Hz."""
    return make_film(tmp_path_factory.mktemp("films") / "blue.flv", BLUE, 900)
