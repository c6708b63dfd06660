"""`tailrace demo`: all of it, and ended at any moment."""

import os
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the demo with its temporary folders under tmp_path; none of its processes may be left afterwards."""
    started: list[subprocess.Popen[str]] = []
    folder = tmp_path / "tmp"
    folder.mkdir()

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tailrace", "demo", "--out", str(tmp_path / "out"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
    assert list(folder.iterdir()) == []
    assert left_with(str(folder)) == []


def left_with(folder: str) -> list[str]:
    """Return the command lines of the processes whose environment names `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if folder in (process / "environ").read_bytes().decode(errors="replace"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def interrupt(process: subprocess.Popen[str], moment: str) -> None:
    """Send Ctrl-C when a line has these words; all must end in order."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or moment not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], f"it ended before {moment!r}: {lines}"
    process.send_signal(signal.SIGINT)

    assert "interrupted; nothing is left running" in process.communicate(timeout=60)[0]
    assert process.returncode == 130


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


def test_files_are_people_in_turns_and_a_mix_of_sound_alone_is_refused(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "tone.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48000)
        sound.writeframes(bytes(2 * 48000))

    process = start("--people", "2", "--input", str(file))
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert [line for line in said.splitlines() if line.startswith("Publishing")] == [
        f"Publishing tone.wav as guest{number} into the room 'demo' over RTMP ..." for number in (1, 2)
    ]
    assert said.splitlines()[-1] == "tailrace: none of the inputs has a picture, and a mixed picture is to be shown"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--people", "17"), "--people"),
        (("--people", "1"), "--people"),
        (("--people", "2", "--layout", "heap"), "--layout"),
        (("--layout", "grid"), "--layout is how a mix begins"),
        (("--people", "2", *("--input", "a") * 3), "3 inputs for 2 people"),
        (("--people", "2", "--input", "nowhere.mp4"), "nowhere.mp4 is not a file"),
    ],
)
def test_what_cannot_be_mixed_is_said_before_anything_starts(
    start: Start, arguments: tuple[str, ...], words: str
) -> None:
    process = start(*arguments)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert words in said
    assert "Starting" not in said


@pytest.mark.parametrize("moment", ["Publishing Ben", "a mix of 3 people", "UpdatePublishCdnStream"])
def test_ctrl_c_at_any_moment_ends_a_mix(start: Start, moment: str) -> None:
    interrupt(start("--people", "3", "--seconds", "3"), moment)


@pytest.mark.parametrize("moment", ["Starting", "Publishing", "StartPublishCdnStream", "test picture: running"])
def test_ctrl_c_at_any_moment_ends_everything(start: Start, moment: str) -> None:
    interrupt(start("--seconds", "30"), moment)


def test_a_file_that_is_no_media_is_named_in_one_line(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a film")

    process = start("--input", str(file))
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.splitlines()[-1] == "tailrace: notes.txt cannot be published: Invalid data found when processing input"
