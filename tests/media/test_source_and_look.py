"""The demo's source and its look at what arrived, on each other: what one makes, the other one must find."""

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from tailrace.media.canvas import colour_of, planes_of
from tailrace.wire import flv

SHARED = Path(__file__).parents[3] / "shared" / "media" / "bigbuckbunny.mp4"
SECONDS = 3


def make(out: Path, *arguments: str) -> Path:
    """Take what the source makes, up to the first tag after SECONDS."""
    process = subprocess.Popen([sys.executable, "-m", "tailrace.media.source", *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    reader = flv.Reader()
    tags: list[flv.Tag] = []
    while not tags or tags[-1].timestamp_ms < SECONDS * 1000:
        tags += reader.receive(process.stdout.read(65536))
    process.stdout.close()
    assert process.wait(30) == 0, "the source does not end when its reader has gone"
    body = b"".join(flv.encode_tag(tag.type, tag.timestamp_ms, tag.body) for tag in tags)
    out.write_bytes(flv.file_header(audio=reader.audio, video=reader.video) + body)
    return out


def look(file: Path, sheet: Path) -> dict[str, object]:
    said = subprocess.run(
        [sys.executable, "-m", "tailrace.media.look", str(file), str(sheet)],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    seen: dict[str, object] = json.loads(said)
    return seen


def test_the_test_picture_has_thirty_pictures_a_second_that_move_and_a_tone_of_440_hz(tmp_path: Path) -> None:
    seen = look(make(tmp_path / "a.flv"), tmp_path / "a.png")

    assert (seen["video_codec"], seen["width"], seen["height"]) == ("h264", 1280, 720)
    assert (seen["audio_codec"], seen["audio_rate_hz"], seen["channels"]) == ("aac", 48000, 2)
    assert abs(int(str(seen["frames"])) - 30 * float(str(seen["last"]))) <= 3
    assert seen["tone_hz"] == 440
    assert seen["steady"]
    assert int(str(seen["distinct"])) >= 12
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (4 * 324 - 4, 3 * 184 - 4)


@pytest.mark.skipif(not SHARED.exists(), reason="the film of shared/media is not here")
def test_a_film_is_published_with_its_own_size_and_goes_round(tmp_path: Path) -> None:
    seen = look(make(tmp_path / "a.flv", str(SHARED)), tmp_path / "a.png")

    assert (seen["video_codec"], seen["width"], seen["height"]) == ("h264", 1280, 720)
    assert seen["audio_codec"] == "aac"
    assert seen["steady"]


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_the_colours_of_a_picture_are_those_of_the_mix(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"flat.{kind}"
    Image.new("RGB", (640, 360), (200, 30, 90)).save(file, quality=95)

    with av.open(str(make(tmp_path / "a.flv", str(file)))) as container:
        frame = next(container.decode(video=0))

    found = tuple(int(plane.mean()) for plane in planes_of(frame))
    assert found == pytest.approx(colour_of(0xC81E5A), abs=3)


def test_a_file_that_is_no_media_ends_with_status_3_and_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("no film")

    said = subprocess.run(
        [sys.executable, "-m", "tailrace.media.source", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (said.returncode, said.stderr) == (3, "Invalid data found when processing input\n")
