"""Stage: the same source for everybody: one ffmpeg plays one clip into our room and to the server that peers pull from.

The peers' server is nginx with its RTMP module, the most used RTMP server; a second nginx is the CDN that all push to
while CPU time and memory are measured. Times of single relays are taken at the sink instead, which sees key frames.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import clip, proc
from bench.nginx import Nginx
from bench.program import Program
from bench.server import Server

# The publisher is in the room, and nginx has its first key frames.
_FLOWS_AFTER = 2.0 * clip.GOP_SECONDS
_CONNECTED_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands. `source` and `cached` are where peers pull from: nginx, which lets a player wait for the next key
    frame, and our built-in CDN, which sends the current group of pictures at once (only when asked for)."""

    server: Server
    peers: Nginx
    cdn: Nginx
    source: str
    cached: str


@contextlib.contextmanager
def stage(folder: Path, film: Path, *, cached: bool = False) -> Iterator[Stage]:
    """Set it up in a new folder, and take it down."""
    folder.mkdir(parents=True)
    with Server(folder / "tailrace") as server, Nginx(folder / "peers") as peers, Nginx(folder / "cdn") as cdn:
        built = Stage(server, peers, cdn, peers.url("source"), f"{server.addresses['rtmp']}/live/source")
        targets = [server.push_url(), built.source, *([built.cached] if cached else [])]
        with Program(clip.feed(film, targets), log=folder / "feed.log") as feed:
            time.sleep(_FLOWS_AFTER)
            if not feed.running:
                raise RuntimeError(f"the publisher ended: {(folder / 'feed.log').read_text()[-2000:]}")
            yield built


def wait_connected(port: int, count: int) -> None:
    """Wait until so many publishers are connected. Raises TimeoutError."""
    deadline = time.monotonic() + _CONNECTED_WITHIN
    while (now := proc.connected(port)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{now} of {count} publishers are connected")
        time.sleep(0.05)
