"""Proc: CPU time and memory of processes, from Linux' /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_LISTEN, _ESTABLISHED = "0A", "01"


def available() -> bool:
    """Whether this system tells: Linux 4.14 or later."""
    return (_PROC / "self/smaps_rollup").exists()


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time used so far; a process that has gone counts as 0."""
    total = 0
    for pid in pids:
        if fields := _stat(pid):
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def pss_mb(pids: Iterable[int]) -> float:
    """Return the proportional set size: each page counts by the number of processes that share it."""
    total = 0
    for pid in pids:
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def children(pid: int) -> list[int]:
    """Return the processes that `pid` has started."""
    return [other for other, parent in _parents().items() if parent == pid]


def tree(root: int) -> list[int]:
    """Return a process and all below it."""
    parents = _parents()
    found = [root]
    for pid in found:
        found += [other for other, parent in parents.items() if parent == pid]
    return found


def listener(port: int) -> int:
    """Return the process that listens on a TCP port of 127.0.0.1. Raises LookupError."""
    sockets = {f"socket:[{inode}]" for at, state, inode in _connections() if at == port and state == _LISTEN}
    for pid in sorted(_parents()):
        try:
            for entry in (_PROC / str(pid) / "fd").iterdir():
                if str(entry.readlink()) in sockets:
                    return pid
        except OSError:
            continue
    raise LookupError(f"nobody listens on port {port}")


def connected(port: int) -> int:
    """Return how many clients are connected to a port of 127.0.0.1."""
    return sum(at == port and state == _ESTABLISHED for at, state, _ in _connections())


def _stat(pid: int) -> list[str]:
    """Return the fields of `stat` behind the name; nothing when the process has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parents() -> dict[int, int]:
    found = {int(entry.name): _stat(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit()}
    return {pid: int(fields[1]) for pid, fields in found.items() if fields}


def _connections() -> list[tuple[int, str, str]]:
    lines = (_PROC / "net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return [(int(row[1].rpartition(":")[2], 16), row[3], row[9]) for row in rows]
