"""Cost: CPU time and memory per relay, of 1, 10 and 40 relays of one source to one CDN."""

import contextlib
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import clip, proc
from bench.program import Program, end_all
from bench.report import Result, Row
from bench.size import Size
from bench.stage import Stage, stage, wait_connected

# What starting costs is over: openings are sent, and ffmpeg has looked at its input, which takes it up to 3 s.
_SETTLES = 4.0
# Less than this part of what the clip brings in a window, and a contender did not do the work. The bit rate varies.
_LEAST_RATE = 0.85
_ENDS_WITHIN = 15.0
CONTENDERS = ("ours", "copy", "aac", "fast")
_DESCRIBED = {
    "copy": "ffmpeg -c copy",
    "aac": "ffmpeg -c:v copy -c:a aac",
    "fast": "ffmpeg -c:v copy -c:a aac -aac_coder fast",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one relay, as a mean over all that ran: CPU in % of a core, memory (PSS) in MB.

    `cpu` and `pss` are those of the processes that relay. `all_cpu` adds what the rest does more than without relays:
    ingest, nats-server, worker and control of ours, the server that is pulled from with the peers; `all_pss` alike.
    """

    cpu: float
    pss: float
    all_cpu: float
    all_pss: float


@dataclass(frozen=True, slots=True)
class _Idle:
    """CPU in % of a core and PSS in MB of what stands without relays, but with the publisher."""

    ours: float
    ingest: float
    ours_pss: float
    peers: float
    peers_pss: float


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Measure each number of relays, the contenders in turns."""
    found: dict[tuple[str, int], list[Cost]] = {}
    idles: list[_Idle] = []
    # Forty peers may be more than a machine can run; what is measured of ours counts all the same.
    failures: list[str] = []
    with stage(folder, film) as standing:
        for count in size.relays:
            for turn in range(size.rounds):
                idles.append(idle := _idle(standing, size.window))
                for name in CONTENDERS:
                    try:
                        cost = _measure_one(standing, idle, name, count, turn, size.window)
                    except (RuntimeError, TimeoutError) as error:
                        if name == "ours":
                            raise
                        failures.append(f"{count} x {_DESCRIBED[name]}: {error}")
                        continue
                    found.setdefault((name, count), []).append(cost)
    mean = {key: _mean(costs) for key, costs in found.items()}
    rows = [row for count in size.relays for row in _rows(mean, count)]
    ingest, nginx = (statistics.fmean(values) for values in zip(*((i.ingest, i.peers) for i in idles), strict=True))
    rows.append(Row("CPU of ingest for one publisher, no relay", "% of a core", ingest, nginx, "nginx"))
    samples = {f"{name} {count}": [asdict(cost) for cost in costs] for (name, count), costs in found.items()}
    return Result(rows, {"idle": [asdict(idle) for idle in idles], "peers_failed": failures, **samples})


def _idle(standing: Stage, window: float) -> _Idle:
    tree, ingest, nginx = standing.server.pids, [standing.server.parts().ingest], [standing.peers.pid]
    ours, ingest_cpu, peers = _cpu(window, lambda: [proc.cpu_seconds(pids) for pids in (tree, ingest, nginx)])
    return _Idle(ours, ingest_cpu, proc.pss_mb(tree), peers, proc.pss_mb(nginx))


def _measure_one(standing: Stage, idle: _Idle, name: str, count: int, turn: int, window: float) -> Cost:
    names = [f"{name}-{count}-{turn}-{index}" for index in range(count)]
    with (_our_relays if name == "ours" else _peers(name))(standing, names) as relays:
        wait_connected(standing.cdn.port, count)
        time.sleep(_SETTLES)
        rest = standing.server.pids if name == "ours" else [standing.peers.pid]
        beside = [pid for pid in rest if pid not in relays]
        cpu, beside_cpu = _cpu(window, lambda: [proc.cpu_seconds(relays), proc.cpu_seconds(beside)])
        pss, beside_pss = proc.pss_mb(relays), proc.pss_mb(beside)
    _check(standing, names, window)
    idle_cpu, idle_pss = (idle.ours, idle.ours_pss) if name == "ours" else (idle.peers, idle.peers_pss)
    all_cpu, all_pss = cpu + beside_cpu - idle_cpu, pss + beside_pss - idle_pss
    return Cost(cpu / count, pss / count, all_cpu / count, all_pss / count)


@contextlib.contextmanager
def _our_relays(standing: Stage, names: list[str]) -> Iterator[list[int]]:
    client = standing.server.client(keep_alive=True)
    tasks = [client.start(standing.cdn.url(name)) for name in names]
    try:
        wait_connected(standing.cdn.port, len(names))
        children = list(standing.server.parts().children)
        if len(children) != len(names):
            raise RuntimeError(f"{len(children)} children run {len(names)} relays")
        yield children
    finally:
        for task in tasks:
            client.stop(task)


def _peers(name: str) -> Callable[[Stage, list[str]], contextlib.AbstractContextManager[list[int]]]:
    codecs = {"copy": clip.COPY, "aac": clip.AAC, "fast": clip.FAST_AAC}[name]

    @contextlib.contextmanager
    def run(standing: Stage, names: list[str]) -> Iterator[list[int]]:
        with contextlib.ExitStack() as stack:
            commands = [clip.relay(standing.source, standing.cdn.url(name), codecs=codecs) for name in names]
            programs = [stack.enter_context(Program(command)) for command in commands]
            stack.callback(end_all, programs, signal.SIGINT)
            yield [program.pid for program in programs]

    return run


def _check(standing: Stage, names: list[str], window: float) -> None:
    """Raise RuntimeError unless the CDN, which has the last word, got every relay's media for all of the window."""
    deadline = time.monotonic() + _ENDS_WITHIN
    wanted = set(names)
    while not wanted <= (received := standing.cdn.received()).keys():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(wanted - received.keys())} relays did not end at the CDN")
        time.sleep(0.05)
    least = window * (clip.VIDEO_KBPS + clip.AUDIO_KBPS / 2) * 1000 / 8 * _LEAST_RATE
    if (got := min(received[name] for name in names)) < least:
        raise RuntimeError(f"a relay brought {got} bytes to the CDN, a window of {window:g} s has {least:.0f}")


def _cpu(window: float, used: Callable[[], list[float]]) -> list[float]:
    """Return the growth of CPU times over a window, in % of a core."""
    began, before = time.monotonic(), used()
    time.sleep(window)
    after, lasted = used(), time.monotonic() - began
    return [(late - early) / lasted * 100 for early, late in zip(before, after, strict=True)]


def _mean(costs: list[Cost]) -> Cost:
    return Cost(**{name: statistics.fmean(getattr(cost, name) for cost in costs) for name in Cost.__slots__})


def _rows(mean: dict[tuple[str, int], Cost], count: int) -> list[Row]:
    ours = mean["ours", count]
    of = f"per relay of {count}"
    rows = []
    for peer, bar in (("aac", 1.0), ("fast", None), ("copy", None)):
        theirs, named = mean.get((peer, count)), _DESCRIBED[peer]
        for what, own, other, beside in (
            (f"CPU {of}", ours.cpu, theirs.cpu if theirs else None, named),
            (f"CPU {of}, with servers", ours.all_cpu, theirs.all_cpu if theirs else None, f"{named} + nginx"),
        ):
            rows.append(Row(what, "% of a core", own, other, beside, bar_ratio=bar))
    theirs, named = mean.get(("aac", count)), _DESCRIBED["aac"]
    rows.append(Row(f"memory {of}", "MB PSS", ours.pss, theirs.pss if theirs else None, named, bar=25))
    growth = theirs.all_pss if theirs else None
    rows.append(Row(f"memory {of}, growth of all", "MB PSS", ours.all_pss, growth, f"{named} + nginx", bar=25))
    return rows
