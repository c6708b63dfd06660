"""Starts: from the call to the first key frame at the CDN, and from the stop to the end that the CDN sees."""

import random
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from bench import clip
from bench.program import Program
from bench.report import Result, Row, percentile
from bench.server import Client
from bench.sink import Sink
from bench.size import Size
from bench.stage import stage

# A relay runs for so long before it is stopped: its opening has been sent, and sound and pictures flow.
_RUNS_FOR = 0.5
# Half of a group of pictures, before each of two peers.
_MOST_PAUSE = clip.GOP_SECONDS / 2
# Runs before those that count: the programs are in memory, the SDK has made its first call.
_WARM_UP = 1

Samples = dict[str, list[float]]


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Start and stop one relay after the other, the contenders in turns."""
    samples: dict[str, Samples] = {}
    with stage(folder, film, cached=True) as standing, Sink() as sink:
        ours = {name: standing.server.client(keep_alive=keep) for name, keep in (("ours", False), ("kept", True))}
        peers = {
            "copy": clip.relay(standing.source, "{}"),
            "tuned": clip.relay(standing.source, "{}", before=clip.TUNED),
            "cached": clip.relay(standing.cached, "{}", before=clip.TUNED),
        }
        for run in range(-_WARM_UP, size.starts):
            taken = {name: _ours(client, sink, f"{name}{run}") for name, client in ours.items()}
            with ExitStack() as stack:
                # ffmpeg untuned looks at its input for seconds; the others have their turns meanwhile.
                patient = stack.enter_context(_Peer(peers["copy"], sink, f"copy{run}"))
                for name in ("tuned", "cached"):
                    # Anywhere between two key frames: one end would else set the beginning of the next.
                    time.sleep(random.uniform(0, _MOST_PAUSE))
                    with _Peer(peers[name], sink, f"{name}{run}") as peer:
                        taken[name] = peer.finish()
                taken["copy"] = patient.finish()
            for name, figures in taken.items():
                for figure, seconds in figures.items():
                    if run >= 0:
                        samples.setdefault(name, {}).setdefault(figure, []).append(seconds * 1000)
    return Result(_rows(samples), samples)


def _ours(client: Client, sink: Sink, name: str) -> dict[str, float]:
    called = time.monotonic()
    task_id = client.start(sink.url(name))
    answered = time.monotonic()
    first = sink.wait("first_key", name)["at"]
    time.sleep(_RUNS_FOR)
    stopping = time.monotonic()
    client.stop(task_id)
    stopped = time.monotonic()
    end = sink.wait("end", name)
    if end["how"] in ("lost", "closed"):
        raise RuntimeError(f"the CDN saw a broken connection instead of an end: {end['how']}")
    return {
        "start_answer": answered - called,
        "start": first - called,
        "stop_answer": stopped - stopping,
        "stop": end["at"] - stopping,
    }


class _Peer:
    """One relay by ffmpeg: begins with the block."""

    def __init__(self, command: Sequence[str], sink: Sink, name: str) -> None:
        self._program = Program([*command[:-1], sink.url(name)])
        self._sink = sink
        self._name = name

    def __enter__(self) -> Self:
        self._called = time.monotonic()
        self._program.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._program.end()

    def finish(self) -> dict[str, float]:
        """Let it run for as long as ours, and interrupt it."""
        first = self._sink.wait("first_key", self._name)["at"]
        time.sleep(_RUNS_FOR)
        stopping = time.monotonic()
        self._program.tell(signal.SIGINT)
        end = self._sink.wait("end", self._name)["at"]
        return {"start": first - self._called, "stop": end - stopping}


def _rows(samples: dict[str, Samples]) -> list[Row]:
    def at(name: str, figure: str, percent: float) -> float:
        return percentile(samples[name][figure], percent)

    rows = []
    for percent, start_bar in ((50, 150.0), (99, 400.0)):
        for peer, described in (
            ("copy", "ffmpeg -c copy"),
            ("tuned", "ffmpeg -c copy, tuned"),
            ("cached", "ffmpeg -c copy, tuned, from a server with a GOP cache"),
        ):
            figures = at("ours", "start", percent), at(peer, "start", percent)
            limit = start_bar if peer == "copy" else None
            rows.append(Row(f"start to first key frame, p{percent}", "ms", *figures, described, bar=limit))
        kept = at("kept", "start", percent)
        rows.append(Row(f"start, SDK with keepAlive, p{percent}", "ms", kept, bar=start_bar))
        rows.append(Row(f"start, answer of the call, p{percent}", "ms", at("ours", "start_answer", percent)))
    for percent, answer_bar, bar in ((50, None, None), (99, 50.0, 200.0)):
        answer = at("ours", "stop_answer", percent)
        rows.append(Row(f"stop, answer of the call, p{percent}", "ms", answer, bar=answer_bar))
        figures = at("ours", "stop", percent), at("copy", "stop", percent)
        rows.append(Row(f"stop to end at the CDN, p{percent}", "ms", *figures, "ffmpeg -c copy, SIGINT", bar=bar))
    return rows
