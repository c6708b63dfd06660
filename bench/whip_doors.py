"""WHIP doors: who takes publishers in over WHIP: Tailrace, Janus, aiortc. Each measurement starts one anew."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import janus, proc
from bench.janus import Janus
from bench.server import Server
from bench.told import Told
from bench.webrtc_client import Place

_READY_WITHIN: Final = 20.0

DESCRIBED: Final = {
    "janus": "Janus, video room with rtp_forward",
    "aiortc": "aiortc, which decodes",
    "aiortc-blind": "aiortc without its decoder",
}


@dataclass(frozen=True, slots=True)
class Door:
    """One that stands. `groups` are process ids by name, of which `all` are all; `frames`: pictures that came out for
    each publisher, where that is known."""

    groups: Mapping[str, Sequence[int]]
    place: Callable[[str], Place]
    frames: Callable[[], Sequence[int]]


def contenders() -> tuple[str, ...]:
    """Return who can be measured here, us first."""
    return ("ours", *(name for name in DESCRIBED if name != "janus" or not janus.missing()))


@contextlib.contextmanager
def standing(name: str, folder: Path) -> Iterator[Door]:
    """Start one in a new folder, and end it."""
    folder.mkdir(parents=True)
    match name:
        case "ours":
            with Server(folder / "tailrace") as server:
                parts = server.parts()
                groups = {"ingest": [parts.ingest], "with bus": [parts.ingest, *parts.bus], "all": server.pids}
                yield Door(groups, server.whip, list)
        case "janus":
            with Janus(folder / "janus") as served:
                yield Door({"all": [served.pid]}, served.place, list)
        case _:
            order: Any = {"decode": name == "aiortc"}
            with Told("bench.aiortc_door", [], order, folder / "log") as door:
                port = door.wait("port", _READY_WITHIN)["port"]

                def place(user: str) -> Place:
                    return Place(f"http://127.0.0.1:{port}/whip/{user}")

                yield Door({"all": proc.tree(door.pid)}, place, lambda: door.said("frames")["frames"])
