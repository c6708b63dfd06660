"""Processes that belong to a test, found by a mark in their environment (Linux; elsewhere nothing is found)."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def marked(mark: str) -> list[int]:
    """Return the ids of living processes whose environment holds `mark`, whoever their parent is by now."""
    wanted = mark.encode()
    found = []
    for entry in _PROC.glob("[0-9]*"):
        # One that is gone in between is what is hoped for; one of another user is none of ours.
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0") and not _is_zombie(entry):
                found.append(int(entry.name))
    return found


@contextlib.contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Let processes stand still while the context is open."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    """Return the ids of the living children of a process."""
    found = []
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, StopIteration):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
