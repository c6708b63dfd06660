"""Slate: what cannot be shown is refused before anything starts."""

from pathlib import Path

import pytest
from PIL import Image

from tailrace.cli.slate import check_slate
from tailrace.errors import ConfigError


def image(file: Path, width: int = 64, height: int = 36) -> str:
    Image.new("RGB", (width, height), (200, 30, 30)).save(file)
    return str(file)


@pytest.mark.parametrize("name", ["slate.png", "slate.jpg"])
def test_an_image_is_accepted(tmp_path: Path, name: str) -> None:
    check_slate(image(tmp_path / name))


def test_no_slate_is_accepted() -> None:
    check_slate("")


def refused(name: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check_slate(name)
    return str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(str(tmp_path / "missing.png"))


def test_an_image_of_another_format_is_refused(tmp_path: Path) -> None:
    assert "neither PNG nor JPEG" in refused(image(tmp_path / "slate.bmp"))


@pytest.mark.parametrize("name", ["slate.png", "slate.jpg"])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    file = Path(image(tmp_path / name, 640, 360))
    file.write_bytes(file.read_bytes()[:600])

    assert "broken" in refused(str(file))


def test_an_image_that_is_too_large_is_refused(tmp_path: Path) -> None:
    assert "4000 x 1000" in refused(image(tmp_path / "slate.png", 4000, 1000))
