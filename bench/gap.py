"""Gap: how long no picture comes to the CDN when the process of a relay is killed, its worker, or nats-server.

Two workers share the work, so that there is one to take over. "Worker" is all of it at once, as when its machine dies.
"Handed over" is a worker that is told to stop while the other one is there.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bench import clip, proc
from bench.program import Program
from bench.report import Result, Row, percentile
from bench.server import Server
from bench.sink import Sink
from bench.size import Size

# Killed at any moment, but in a stream that flows: a start sends its group of pictures in a burst.
_FLOWS_FOR = 2.0
# The gap is over when pictures have come for so long; at 30 a second a pause of this length would be another gap.
_STEADY_FOR = 1.0
_WITHIN = 30.0

_T = TypeVar("_T")


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Kill one after the other, in turns, while one relay runs."""
    samples: dict[str, list[float]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "tailrace"))
        other = stack.enter_context(_worker_beside(server, folder))
        sink = stack.enter_context(Sink())
        stack.enter_context(Program(clip.feed(film, [server.push_url()]), log=folder / "feed.log"))
        server.client().start(sink.url("relay", "beats"))
        blows: dict[str, Callable[[], None]] = {
            "child": lambda: os.kill(_child(server, other), signal.SIGKILL),
            "worker": lambda: os.killpg(_worker(server, other), signal.SIGKILL),
            "nats-server": lambda: os.kill(_nats(server), signal.SIGKILL),
            "handed over": lambda: os.kill(_worker(server, other), signal.SIGTERM),
        }
        for _ in range(size.gaps):
            for name, blow in blows.items():
                samples.setdefault(name, []).append(_gap(sink, blow, moves=name != "nats-server"))
    return Result(_rows(samples), {"gap": samples})


def _gap(sink: Sink, blow: Callable[[], None], *, moves: bool) -> float:
    """Return the longest pause between two pictures, over all connections, from the blow to a steady stream.

    `moves`: another process goes on, over a connection of its own.
    """
    _until(lambda: sink.steady("relay", _FLOWS_FOR), "a stream that flows")
    struck_at = time.monotonic()
    connection = sink.pictures("relay")[-1][0]
    blow()
    _until(
        lambda: (
            time.monotonic() > struck_at + _STEADY_FOR
            and sink.steady("relay", _STEADY_FOR)
            and (not moves or sink.pictures("relay")[-1][0] != connection)
        ),
        "pictures again",
    )
    arrived = [at for _, at in sink.pictures("relay") if at > struck_at - _STEADY_FOR]
    return max(later - earlier for earlier, later in pairwise(arrived))


def _rows(samples: dict[str, list[float]]) -> list[Row]:
    bars = {"child": 1000.0, "worker": 5000.0, "handed over": 1000.0}
    whats = {name: f"{name} killed" for name in samples} | {"handed over": "handed over to another worker"}
    return [
        Row(f"{whats[name]}: gap at the CDN, p{percent}", "ms", percentile(gaps, percent) * 1000, bar=bars.get(name))
        for name, gaps in samples.items()
        for percent in (50, 99)
    ]


def _worker_beside(server: Server, folder: Path) -> Program:
    rights = json.loads((folder / "tailrace" / "data" / "nats" / "nats-server.conf").read_text())["authorization"]
    address = urlsplit(server.addresses["nats"]).netloc
    settings = {
        "TAILRACE_BUS__URL": f"nats://{rights['user']}:{rights['password']}@{address}",
        "TAILRACE_WORKER__MAX_CPU": "0",
    }
    command = ["-m", "tailrace", "serve", "--role", "worker", "--data", str(folder / "beside")]
    return Program([sys.executable, *command], os.environ | settings, folder / "beside.log")


def _workers(server: Server, other: Program) -> list[int]:
    """Return the workers that are there; those that start just now may be missing."""
    found = proc.children(other.pid)
    try:
        return [*found, server.parts().worker]
    except (LookupError, StopIteration):
        return found


def _child(server: Server, other: Program) -> int:
    """Return the process that relays."""

    def look() -> int:
        zygotes = [zygote for worker in _workers(server, other) for zygote in proc.children(worker)]
        return next((child for zygote in zygotes for child in proc.children(zygote)), 0)

    return _until(look, "the process of the relay")


def _worker(server: Server, other: Program) -> int:
    """Return the worker that has the task, once there is another one to take it over."""
    _until(lambda: len(_workers(server, other)) == 2, "two workers")

    def look() -> int:
        child = _child(server, other)
        # It may end while it is looked for: a task that has just moved.
        return next((worker for worker in _workers(server, other) if child in proc.tree(worker)), 0)

    return _until(look, "the worker of the relay")


def _nats(server: Server) -> int:
    return proc.listener(int(urlsplit(server.addresses["nats"]).port or 0))


def _until(look: Callable[[], _T], what: str) -> _T:
    deadline = time.monotonic() + _WITHIN
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {_WITHIN:g} s: {what}")
        time.sleep(0.02)
    return found
