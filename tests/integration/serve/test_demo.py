"""`tailrace demo`: all of it, and ended at any moment."""

import os
import signal
import subprocess
import sys
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


def test_the_demo_relays_checks_and_saves_what_arrived(start: Start, tmp_path: Path) -> None:
    process = start("--seconds", "3")

    said, _ = process.communicate(timeout=90)

    assert process.returncode == 0, said
    for words in ("first key frame at the CDN", "the CDN saw: unpublished", "h264 1280x720", "440 Hz"):
        assert words in said
    assert (tmp_path / "out" / "received-1.flv").stat().st_size > 100_000
    with Image.open(tmp_path / "out" / "received-1.png") as sheet:
        assert len(sheet.convert("RGB").getcolors(maxcolors=1 << 24) or ()) > 100


@pytest.mark.parametrize("moment", ["Starting", "Publishing", "StartPublishCdnStream", "test picture: running"])
def test_ctrl_c_at_any_moment_ends_everything(start: Start, moment: str) -> None:
    process = start("--seconds", "30")
    assert process.stdout is not None

    lines: list[str] = []
    while not lines or moment not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], f"it ended before {moment!r}: {lines}"
    process.send_signal(signal.SIGINT)

    assert "interrupted; nothing is left running" in process.communicate(timeout=60)[0]
    assert process.returncode == 130


def test_a_file_that_is_no_media_is_named_in_one_line(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a film")

    process = start("--input", str(file))
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.splitlines()[-1] == "tailrace: notes.txt cannot be published: Invalid data found when processing input"
