"""Metronome: what the tests' own judge of the machine says."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.harness.metronome import STALL, Metronome, stolen
from tests.harness.waiting import eventually


@pytest.mark.skipif(sys.platform != "linux", reason="it is watched by what Linux tells of a process")
def test_a_stall_is_told_with_its_length_and_not_to_those_who_began_after_it(tmp_path: Path) -> None:
    with Metronome(tmp_path / "stalls") as metronome:
        process = metronome._process.pid
        before = time.monotonic()
        eventually(lambda: _sleeps(process), "the first beat")
        os.kill(process, signal.SIGSTOP)
        stopped = time.monotonic()
        eventually(lambda: time.monotonic() - stopped > 2 * STALL, "a while")
        os.kill(process, signal.SIGCONT)

        assert eventually(lambda: metronome.longest_stall(before), "the stall") > STALL
        assert metronome.longest_stall(time.monotonic()) == 0.0


def _sleeps(process: int) -> bool:
    """Whether it has begun: it keeps its file open."""
    folder = Path(f"/proc/{process}/fd")
    return any(entry.resolve().name == "stalls" for entry in folder.iterdir())


def test_stolen_time_is_a_part_of_the_time_that_passed() -> None:
    assert stolen((100, 10), (300, 60)) == 0.25
    assert stolen((0, 0), (0, 0)) == 0.0
