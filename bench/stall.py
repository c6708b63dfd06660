"""Stall: what nine destinations of a relay lose while the tenth takes the connection and reads nothing."""

import itertools
import json
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import clip
from bench.nginx import Nginx
from bench.program import Program
from bench.report import Result, Row
from bench.server import Server
from bench.sink import Sink
from bench.size import Size

_OTHERS = 9
# Longer than it takes to give up a destination that stalls (10 s), and to dial it anew.
_AT_LEAST = 14.0
# Pictures that are sent at the very end may be on their way when a relay is told to stop.
_LAST = 0.5
_ENDS_WITHIN = 20.0
_FOUND_WITHIN = 10.0

Stamps = list[tuple[str, float]]


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Publish the clip into our room and to nginx; relay each to ten destinations, of which one stalls at once."""
    folder.mkdir(parents=True)
    lasts = min(max(size.delay, _AT_LEAST), size.clip - 1.0)
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "tailrace"))
        nginx = stack.enter_context(Nginx(folder / "nginx"))
        sink = stack.enter_context(Sink())
        output = folder / "stamps.json"
        urls = [server.push_url(), nginx.url("source")]
        command = [sys.executable, "-m", "bench.source", str(film), str(lasts), str(output), *urls]
        source = stack.enter_context(Program(command, log=folder / "source.log"))
        targets = {
            name: [sink.url(f"{name}-stuck", "stall"), *(sink.url(other, "frames") for other in _names(name))]
            for name in ("ours", "tee")
        }
        client = server.client()
        # The publisher may not be there yet: who is waited for is relayed as soon as it comes.
        task = client.start(*targets["ours"])
        slaves = "|".join(f"[f=flv]{url}" for url in targets["tee"])
        relay = ["ffmpeg", "-nostdin", "-v", "error", *clip.TUNED, "-i", nginx.url("source"), *clip.COPY, "-map", "0"]
        tee = stack.enter_context(Program([*relay, "-f", "tee", slaves], log=folder / "tee.log"))
        stalled_at = sink.wait("first_key", "ours-stuck")["at"]
        dialled_at = None
        deadline = time.monotonic() + lasts + _ENDS_WITHIN
        while source.running and time.monotonic() < deadline:
            again = sink.wait("publish", "ours-stuck")["at"]
            if dialled_at is None and again > stalled_at:
                dialled_at = again
            time.sleep(0.05)
        source.end(signal.SIGINT)
        client.stop(task)
        tee.end(signal.SIGKILL)
        arrived = {
            name: [_frames(sink, other) for other in _names(name) if name == "ours" or _began(sink, other)]
            for name in targets
        }
    ours, theirs = json.loads(output.read_text())
    if dialled_at is None:
        raise RuntimeError("the destination that stalls was not given up")
    lost, pause = _compare(ours, arrived["ours"], stalled_at)
    tee_lost, tee_pause = _compare(theirs, arrived["tee"], stalled_at)
    peer = "ffmpeg -c copy -f tee"
    return Result(
        [
            Row("frames lost by nine destinations while the tenth stalls", "", lost, tee_lost, peer, bar=0),
            Row("longest time without a frame at the nine", "ms", pause * 1000, tee_pause * 1000, peer),
            Row("a stalled destination is dialled anew after", "s", dialled_at - stalled_at, bar=_FOUND_WITHIN),
        ],
        {"sent": len(ours), "arrived": {name: [len(frames) for frames in got] for name, got in arrived.items()}},
    )


def _names(contender: str) -> list[str]:
    return [f"{contender}-{number}" for number in range(_OTHERS)]


def _began(sink: Sink, name: str) -> bool:
    """Whether anything came of this stream: ffmpeg may be stuck before it has begun with all of them."""
    try:
        sink.wait("first_key", name, 0.0)
    except TimeoutError:
        return False
    return True


def _frames(sink: Sink, name: str) -> Stamps:
    return [(digest, at) for digest, at in sink.wait("frames", name, _ENDS_WITHIN)["frames"]]


def _compare(sent: Stamps, arrived: Sequence[Stamps], since: float) -> tuple[int, float]:
    """Return how many of the pictures sent since then are missing, of all nine, and the longest pause of any."""
    until = sent[-1][1] - _LAST
    wanted = {digest for digest, at in sent if since <= at <= until}
    lost = (_OTHERS - len(arrived)) * len(wanted)
    pause = 0.0
    for frames in arrived:
        lost += len(wanted - {digest for digest, _ in frames})
        times = [since, *(at for _, at in frames if since <= at <= until), until]
        pause = max(pause, *(after - before for before, after in itertools.pairwise(times)))
    return lost, pause
