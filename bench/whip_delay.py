"""WHIP delay: from the camera to the CDN, and to a viewer over WHEP; and what one more viewer costs.

A picture's time begins when its first packet is handed to the socket (of RTMP: its message), and ends when the sink, or
the viewer, has its last byte. Pictures are recognised by a digest of their content, which nobody changes.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench import janus, proc
from bench.delay import Stamps
from bench.janus import Janus
from bench.program import Program
from bench.report import Result, Row, percentile
from bench.server import Server
from bench.sink import Sink
from bench.size import Size
from bench.told import Told
from bench.webrtc_client import Place

_CONNECTED_WITHIN: Final = 20.0
# Until the relay has sent its opening and the viewer its group of pictures.
_SETTLES: Final = 2.0
_ENDS_WITHIN: Final = 20.0
_BAR_CDN, _BAR_WHEP = 200.0, 150.0
_PEER: Final = "Janus, publisher to subscriber"
# 1.5 Mbit/s in packets of 1150 bytes at most, and 50 of sound. The bit rate varies.
_PACKETS_PER_SECOND: Final = 200
_LEAST: Final = 0.85

Film = tuple[Path, Path]


def measure(folder: Path, film: Film, size: Size) -> Result:
    """Measure each way on its own."""
    folder.mkdir(parents=True)
    # No picture may come twice, as pictures are told apart by their content.
    seconds = min(size.delay, size.clip - 2 * _SETTLES - 1.0)
    delays = {
        **_from_whip(folder / "whip", film, seconds),
        "WHEP from RTMP": _from_rtmp(folder / "rtmp", film[0], seconds),
    }
    if not janus.missing():
        delays["janus"] = _through_janus(folder / "janus", film, seconds)
    rows = []
    for percent in (50, 99):
        whep = percentile(delays["WHEP"], percent)
        peer = percentile(delays["janus"], percent) if "janus" in delays else None
        rows.append(Row(f"camera (WHIP) to CDN, p{percent}", "ms", percentile(delays["CDN"], percent), bar=_BAR_CDN))
        rows.append(Row(f"camera (WHIP) to WHEP viewer, p{percent}", "ms", whep, peer, _PEER, bar=_BAR_WHEP))
        rtmp = percentile(delays["WHEP from RTMP"], percent)
        rows.append(Row(f"camera (RTMP) to WHEP viewer, p{percent}", "ms", rtmp, bar=_BAR_WHEP))
    cost = _viewer_cost(folder / "viewers", film, size)
    rows.append(Row(f"CPU of one more WHEP viewer, of {size.viewers}", "% of a core", cost))
    return Result(rows, {"delays_ms": delays})


def _from_whip(folder: Path, film: Film, seconds: float) -> dict[str, list[float]]:
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder))
        sink = stack.enter_context(Sink())
        publisher = stack.enter_context(_publishing(folder, film, server.whip()))
        client = server.client()
        task = client.start(sink.url("ours", "frames"))
        viewer = stack.enter_context(_watching(folder, server.whep("viewer")))
        sink.wait("first_key", "ours")
        stamps = _stamps_after(publisher, viewer, seconds)
        client.stop(task)
        frames = [(name, at) for name, at in sink.wait("frames", "ours", _ENDS_WITHIN)["frames"]]
    sent, seen = stamps
    return {"CDN": _delays(sent, frames), "WHEP": _delays(sent, seen)}


def _from_rtmp(folder: Path, film: Path, seconds: float) -> list[float]:
    output = folder / "stamps.json"
    with Server(folder) as server:
        lasts = str(seconds + 2 * _SETTLES)
        command = ["-m", "bench.source", str(film), lasts, str(output), server.push_url()]
        with Program([sys.executable, *command], log=folder / "source.log") as source:
            time.sleep(_SETTLES)
            with _watching(folder, server.whep("viewer")) as viewer:
                deadline = time.monotonic() + seconds + _ENDS_WITHIN
                while source.running and time.monotonic() < deadline:
                    time.sleep(0.05)
                viewer.end()
                seen = _said(viewer)
    return _delays([(name, at) for name, at in json.loads(output.read_text())[0]], seen)


def _through_janus(folder: Path, film: Film, seconds: float) -> list[float]:
    with (
        Janus(folder) as served,
        _publishing(folder, film, served.place("anna")) as publisher,
        _watching(folder, served.subscription(), answers=True) as viewer,
    ):
        return _delays(*_stamps_after(publisher, viewer, seconds))


def _viewer_cost(folder: Path, film: Film, size: Size) -> float:
    """Return what each of several viewers adds to ingest and nats-server, in % of a core."""
    with Server(folder) as server, _publishing(folder, film, server.whip()), _watching(folder, server.whep("first")):
        parts = server.parts()
        pids = [parts.ingest, *parts.bus]
        time.sleep(_SETTLES)
        alone = _cpu(pids, size.window)
        more = [server.whep(f"viewer-{number}") for number in range(size.viewers)]
        with _watching(folder, *more) as viewers:
            time.sleep(_SETTLES)
            before = viewers.said("figures").get("packets", [])
            together = _cpu(pids, size.window)
            grown = [late - early for early, late in zip(before, viewers.said("figures")["packets"], strict=True)]
            if min(grown) < (least := _PACKETS_PER_SECOND * _LEAST * size.window):
                raise RuntimeError(f"one viewer got {min(grown)} packets, and should have got {least:.0f}")
    return (together - alone) / size.viewers


def _stamps_after(publisher: Told, viewer: Told, seconds: float) -> tuple[Stamps, Stamps]:
    time.sleep(_SETTLES + seconds)
    publisher.end()
    # What is on its way at the end is waited for.
    time.sleep(_SETTLES / 2)
    viewer.end()
    return _said(publisher), _said(viewer)


def _said(child: Told) -> Stamps:
    return [(name, at) for name, at in child.wait("stamps", _ENDS_WITHIN)["stamps"]]


def _delays(sent: Stamps, arrived: Stamps) -> list[float]:
    """Return each picture's way in ms, once starts are over. Raises RuntimeError when some did not come."""
    if not arrived:
        raise RuntimeError("no picture came")
    first = arrived[0][1] + _SETTLES
    # The last ones may have been on their way when all was ended.
    last = sent[-1][1] - _SETTLES / 2
    times = {name: at for name, at in sent if first <= at <= last}
    found = [(at - times[name]) * 1000 for name, at in arrived if name in times]
    if len(found) < len(times) or not times:
        raise RuntimeError(f"{len(times) - len(found)} of {len(times)} pictures did not come")
    return found


def _cpu(pids: list[int], window: float) -> float:
    began, before = time.monotonic(), proc.cpu_seconds(pids)
    time.sleep(window)
    return (proc.cpu_seconds(pids) - before) / (time.monotonic() - began) * 100


@contextmanager
def _publishing(folder: Path, film: Film, place: Place) -> Iterator[Told]:
    log = folder / "publisher.log"
    with Told("bench.web_publishers", [str(path) for path in film], [asdict(place)], log) as child:
        child.wait("connected", _CONNECTED_WITHIN)
        yield child


@contextmanager
def _watching(folder: Path, *places: Place, answers: bool = False) -> Iterator[Told]:
    order = [asdict(place) for place in places]
    with Told("bench.web_viewers", ["--answer"] if answers else [], order, folder / "viewers.log") as child:
        child.wait("connected", _CONNECTED_WITHIN)
        yield child
