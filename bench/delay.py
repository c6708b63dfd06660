"""Delay: how much later a picture reaches the CDN through a relay than it would straight from the publisher."""

import json
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench import clip
from bench.nginx import Nginx
from bench.program import Program, end_all
from bench.report import Result, Row, percentile
from bench.server import Server
from bench.sink import Sink
from bench.size import Size

# Until relays have sent their opening and ffmpeg has looked at its input.
_SETTLES = 6.0
_ENDS_WITHIN = 20.0

Stamps = list[tuple[str, float]]


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Publish the clip straight to the sink, into our room and to nginx at once; relay the latter two to the sink."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "tailrace"))
        nginx = stack.enter_context(Nginx(folder / "nginx"))
        sink = stack.enter_context(Sink())
        # No picture may come twice, as pictures are told apart by their content.
        lasts = min(_SETTLES + size.delay, size.clip - 1.0)
        urls = [sink.url("direct", "frames"), server.push_url(), nginx.url("source")]
        output = folder / "stamps.json"
        command = [sys.executable, "-m", "bench.source", str(film), str(lasts), str(output), *urls]
        source = stack.enter_context(Program(command, log=folder / "source.log"))
        began = time.monotonic()
        sink.wait("first_key", "direct")
        client = server.client()
        task = client.start(sink.url("ours", "frames"))
        programs: list[Program] = []
        peers = {"copy": clip.COPY, "aac": clip.AAC}
        for name, codecs in peers.items():
            relayed = clip.relay(nginx.url("source"), sink.url(name, "frames"), before=clip.TUNED, codecs=codecs)
            programs.append(stack.enter_context(Program(relayed, log=folder / f"{name}.log")))
        while source.running and time.monotonic() - began < lasts + _ENDS_WITHIN:
            time.sleep(0.05)
        source.end(signal.SIGINT)
        client.stop(task)
        # An ffmpeg whose source has gone may wait for it to return.
        end_all(programs, signal.SIGINT)
        arrived = {name: _frames(sink, name) for name in ("direct", "ours", *peers)}
    sent = json.loads(output.read_text())
    return _compare(dict(zip(("direct", "ours", "copy", "aac"), (*sent, sent[2]), strict=True)), arrived)


def _frames(sink: Sink, name: str) -> Stamps:
    return [(digest, at) for digest, at in sink.wait("frames", name, _ENDS_WITHIN)["frames"]]


def _compare(sent: dict[str, Stamps], arrived: dict[str, Stamps]) -> Result:
    first = sent["direct"][0][1] + _SETTLES
    delays = {}
    for name, stamps in sent.items():
        times = {digest: at for digest, at in stamps if at >= first}
        delays[name] = [(at - times[digest]) * 1000 for digest, at in arrived[name] if digest in times]
        if not delays[name]:
            raise RuntimeError(f"no picture came by way of {name}")
    lost = len([at for _, at in sent["ours"] if at >= first]) - len(delays["ours"])

    def added(name: str, percent: float) -> float:
        return percentile(delays[name], percent) - percentile(delays["direct"], 50)

    rows = []
    for percent, bar in ((50, 50.0), (99, None)):
        for name, described in (("copy", "ffmpeg -c copy, tuned"), ("aac", "ffmpeg -c:v copy -c:a aac, tuned")):
            limit = bar if name == "copy" else None
            figures = added("ours", percent), added(name, percent)
            rows.append(Row(f"added delay, p{percent}", "ms", *figures, described, bar=limit))
    rows.append(Row("pictures lost", "", lost, bar=0))
    return Result(rows, {"delays_ms": delays})
