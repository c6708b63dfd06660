"""Run delay: how long the threads of a process were ready to go on, and waited for a processor.

Source: Linux, Documentation/scheduler/sched-stats.rst, `/proc/<pid>/task/<tid>/schedstat`. Elsewhere nothing is known.
"""

from collections.abc import Mapping
from pathlib import Path

_PROC = Path("/proc")


def run_delays(pid: int) -> Mapping[int, float]:
    """Return the seconds that each thread has waited since it began, by its number; empty when nothing is known."""
    delays = {}
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            delays[int(thread.name)] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        # It has just ended, or a thread of it has; or the kernel does not count.
        return {}
    return delays


def waited(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return the seconds that the thread which waited longest has waited between two times."""
    return max((seconds - before[thread] for thread, seconds in after.items() if thread in before), default=0.0)
