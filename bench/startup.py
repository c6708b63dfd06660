"""Startup: how long `tailrace serve` takes from exec to ready, and what it holds when nobody uses it."""

import statistics
import time
from pathlib import Path

from bench import proc
from bench.report import Result, Row
from bench.server import Server
from bench.size import Size

# What starting needed has been given back.
_SETTLES = 2.0


def measure(folder: Path, _film: Path, size: Size) -> Result:
    """Start it several times, each time on a new data folder, which is the slower case."""
    started, held = [], []
    for number in range(size.serves):
        with Server(folder / str(number)) as server:
            started.append(server.started_in)
            time.sleep(_SETTLES)
            held.append(proc.pss_mb(server.pids))
    rows = [
        Row("start-up of tailrace serve, median", "s", statistics.median(started), bar=1.5),
        Row("memory idle, all processes", "MB PSS", statistics.median(held), bar=150),
    ]
    return Result(rows, {"started_s": started, "held_mb": held})
