"""`tailrace demo`: ended at any moment, and what it refuses."""

import signal
import subprocess
import wave
from pathlib import Path

import pytest

from tests.integration.serve.conftest import Start


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
