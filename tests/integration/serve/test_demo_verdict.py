"""`tailrace demo` to its end, with a verdict on what the CDN received."""

from pathlib import Path

from PIL import Image

from tests.integration.serve.conftest import Start


def test_the_demo_relays_checks_and_saves_what_arrived(start: Start, tmp_path: Path) -> None:
    process = start("--seconds", "3")

    said, _ = process.communicate(timeout=90)

    assert process.returncode == 0, said
    for words in ("first key frame at the CDN", "the CDN saw: unpublished", "h264 1280x720", "440 Hz"):
        assert words in said
    assert (tmp_path / "out" / "received-1.flv").stat().st_size > 100_000
    with Image.open(tmp_path / "out" / "received-1.png") as sheet:
        assert len(sheet.convert("RGB").getcolors(maxcolors=1 << 24) or ()) > 100


def test_the_demo_mixes_people_changes_the_mix_and_shows_both_side_by_side(start: Start, tmp_path: Path) -> None:
    process = start("--people", "4", "--layout", "grid", "--seconds", "4")

    said, _ = process.communicate(timeout=110)

    assert process.returncode == 0, said
    found = {line.split("  ")[0]: line for line in said.splitlines()}
    assert "grid, 4 live of 4 people" in found["before: windows"]
    assert "floating, 4 live of 4 people" in found["after: windows"]
    for half in ("before", "after"):
        assert "4 of 4 in their windows" in found[f"{half}: people seen"]
        assert "4 of 4" in found[f"{half}: tones heard"]
    assert "ms after the call" in found["update: seen at the CDN"]
    assert "the same all along" in found["connection to the CDN"]
    assert "the CDN saw: unpublished" in found["clean end"]
    assert (tmp_path / "out" / "received-mix.flv").stat().st_size > 100_000
    with Image.open(tmp_path / "out" / "before-after.png") as sheet:
        width, height = sheet.size
        before = sheet.crop((0, 0, width // 2, height)).getcolors(maxcolors=1 << 24) or ()
        after = sheet.crop((width // 2, 0, width, height)).getcolors(maxcolors=1 << 24) or ()
    assert len(before) > 100
    assert len(after) > 100
