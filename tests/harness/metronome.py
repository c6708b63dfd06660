"""Metronome: whether the machine gave its time evenly while a test ran, as a process that only keeps time sees it.

Where a hypervisor gives the processors to somebody else for half a second, pictures come late whatever we do, and a
test that judges them has no verdict. A fault of ours that takes all processors delays it by some milliseconds only.
"""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

# Late by so much, it was not waiting for its turn behind one of ours: beside sixteen processes that wanted two
# processors it was late by 22 ms in one of a thousand times, and by 53 ms at most (measured).
STALL: Final = 0.1
# The part of a test's time in which a hypervisor had a processor of ours that was wanted here.
STOLEN: Final = 0.1
_EACH: Final = 0.005
_STAT: Final = Path("/proc/stat")
_STEAL: Final = 8  # proc(5): user, nice, system, idle, iowait, irq, softirq, steal; behind the line's name


class Metronome:
    """Runs as long as the context is open."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        self._file.touch()
        self._process = subprocess.Popen([sys.executable, "-m", __name__, str(self._file)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def longest_stall(self, since: float) -> float:
        """Return the longest stall since a monotonic time, in seconds; 0 when there was none of STALL."""
        stalls = (tuple(map(float, line.split())) for line in self._file.read_text().splitlines())
        return max((seconds for at, seconds in stalls if at >= since), default=0.0)


def times() -> tuple[int, int]:
    """Return how much time the processors had so far, and how much of it was stolen; zeros where nobody says so."""
    if not _STAT.exists():
        return 0, 0
    fields = list(map(int, _STAT.read_text().partition("\n")[0].split()[1:]))
    return sum(fields[:_STEAL]), fields[_STEAL - 1]


def stolen(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return which part of the time between two `times` was stolen."""
    return (after[1] - before[1]) / max(after[0] - before[0], 1)


def _beat(file: Path) -> None:
    with file.open("a") as stalls:
        due = time.monotonic()
        while True:
            due += _EACH
            time.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            if now - due >= STALL:
                stalls.write(f"{now} {now - due}\n")
                stalls.flush()
                due = now


if __name__ == "__main__":
    _beat(Path(sys.argv[1]))
