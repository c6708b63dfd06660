"""Mix: Tailrace beside ffmpeg and GStreamer, the same people in one picture: cost, quality, delay, drops, start."""

import contextlib
import json
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import mix_film, mix_judge, mix_peers, proc
from bench.mix_case import AUDIO_KBPS, CASES, FOUR, GOP_SECONDS, SETTINGS, Case
from bench.mix_judge import Verdict
from bench.program import Program
from bench.report import Result, Row, percentile
from bench.server import Client, Server
from bench.sink import Sink
from bench.size import Size

# The people are in the room, and the CDN has their first key frames.
_FLOWS_AFTER = 2.0 * GOP_SECONDS
# What starting costs is over.
_SETTLES = 6.0
# ffmpeg waits for a key frame of each person, one after the other, and looks at what comes.
_STARTS_WITHIN = 90.0
_ENDS_WITHIN = 20.0
_IDLE_SECONDS = 5.0
# A mix runs for so long before it is stopped, when only its start is measured.
_RUNS_FOR = 0.5
_AT_ONCE = 3
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands while one case is measured: all people publish into a room of `server` and to its built-in CDN."""

    case: Case
    films: list[Path]
    server: Server
    sink: Sink
    folder: Path
    source: Program

    @property
    def pulled(self) -> list[str]:
        """Where peers find the people: at a server that sends the current group of pictures at once.

        ffmpeg opens one after the other. From nginx, which lets each wait for the next key frame, sixteen take it
        longer than nginx keeps what the first ones do not read.
        """
        return _live(self.server, self.case)

    def recorded(self, name: str) -> Path:
        """Return where the sink records a stream."""
        return self.folder / f"{name}.flv"


@dataclass(frozen=True, slots=True)
class Used:
    """Of all mixes of one contender: CPU seconds per second, PSS in MB, and seconds of output that came per second.

    `cpu` and `pss` are of the processes that mix; `all_cpu` adds what the servers use more than without a mix.
    """

    cpu: float
    all_cpu: float
    pss: float
    made: float


@contextlib.contextmanager
def stage(folder: Path, case: Case) -> Iterator[Stage]:
    """Set it up in a new folder, and take it down. At its end the source writes what it has sent, and when."""
    films = mix_film.make(folder / "films", case.source, case.people)
    with (
        Server(folder / "tailrace", **SETTINGS) as server,
        Sink(folder) as sink,
    ):
        urls = [[server.push_url(f"person{n}"), live] for n, live in enumerate(_live(server, case))]
        order = {"films": [*zip(map(str, films), urls, strict=True)], "fps": case.fps, "stamps": str(_stamps(folder))}
        (folder / "order.json").write_text(json.dumps(order))
        command = [sys.executable, "-m", "bench.mix_source", str(folder / "order.json")]
        with Program(command, log=folder / "source.log") as source:
            time.sleep(_FLOWS_AFTER)
            yield Stage(case, films, server, sink, folder, source)
            if not source.running:
                raise RuntimeError(f"the publishers ended: {(folder / 'source.log').read_text()[-2000:]}")
            source.end(signal.SIGTERM)


def measure(folder: Path, _film: Path, size: Size) -> Result:
    """Measure each case, and with the first one starts, and several mixes at once."""
    rows: list[Row] = []
    samples: dict[str, object] = {}
    missing = mix_peers.gstreamer_missing()
    peers = [name for name in mix_peers.PEERS if name != "gstreamer" or not missing]
    if missing:
        samples["left out"] = missing
    for case in CASES[: size.mixes]:
        failures: dict[str, str] = {}
        with stage(folder / case.slug, case) as standing:
            rounds: dict[str, list[Used]] = {}
            # In turns, since a shared machine is faster in one minute than in the next.
            for turn in range(size.mix_turns):
                for name in (OURS, *peers):
                    with _peers_may_fail(name, failures):
                        rounds.setdefault(name, []).append(_run(standing, name, [f"{name}-{turn}"], size.mix_window))
            used = {name: _typical(some) for name, some in rounds.items() if len(some) == size.mix_turns}
            starts: dict[str, list[float]] = {}
            crowds: dict[str, list[str]] = {}
            if case is FOUR:
                starts = _starts(standing, peers, size.mix_starts, failures)
                for name in (OURS, "ffmpeg"):
                    crowds[name] = [f"{name}-crowd{number}" for number in range(_AT_ONCE)]
                    with _peers_may_fail(f"{name} x {_AT_ONCE}", failures):
                        used[f"{name} x {_AT_ONCE}"] = _run(standing, name, crowds[name], size.mix_window)
        # Only now, as it takes the processors.
        sent = json.loads(_stamps(standing.folder).read_text())
        verdicts = {}
        for name in [name for name in (OURS, *peers) if name in used]:
            verdicts[name] = mix_judge.judge(case, standing.films, standing.recorded(f"{name}-0"), sent)
        crowded = {
            name: [mix_judge.judge(case, standing.films, standing.recorded(each), sent) for each in streams]
            for name, streams in crowds.items()
            if f"{name} x {_AT_ONCE}" in used
        }
        if f"{OURS} x {_AT_ONCE}" in failures:
            rows.append(Row(f"{_AT_ONCE} at once of {case.name}, could not run", "", 1, bar=0))
        rows += _rows(case, used, verdicts) + _start_rows(starts) + _crowd_rows(crowded, used)
        samples[case.name] = {
            "used": {name: asdict(each) for name, each in used.items()},
            "turns": {name: [asdict(each) for each in some] for name, some in rounds.items()},
            "verdicts": {name: asdict(each) for name, each in verdicts.items()},
            "at_once": {name: [_brief(each) for each in some] for name, some in crowded.items()},
            "starts_s": starts,
            "failed": failures,
        }
    return Result(rows, samples)


@contextlib.contextmanager
def _peers_may_fail(name: str, failures: dict[str, str]) -> Iterator[None]:
    """A peer may not be able to do what ours can, and no machine any number of mixes: what was measured counts."""
    try:
        yield
    except (RuntimeError, TimeoutError) as error:
        if name == OURS:
            raise
        failures[name] = str(error)


def _run(standing: Stage, name: str, streams: list[str], window: float) -> Used:
    """Let one contender make mixes for a while, which the sink records."""
    idle = _cpu(standing.server.pids, _IDLE_SECONDS)
    with _mixes(standing, name, streams) as pids:
        for stream in streams:
            standing.sink.wait("first_key", stream, _STARTS_WITHIN)
        time.sleep(_SETTLES)
        mixing = pids()
        beside = [pid for pid in standing.server.pids if pid not in mixing]
        since = time.monotonic()
        before = {pid: proc.cpu_seconds([pid]) for pid in mixing + beside}
        time.sleep(window)
        cpu, rest = _growth(before, mixing), _growth(before, beside)
        until = time.monotonic()
        pss = proc.pss_mb(mixing)
    for stream in streams:
        standing.sink.wait("recorded", stream, _ENDS_WITHIN)
        mix_judge.mark(standing.recorded(stream), since, until)
    lasted = until - since
    made = sum(mix_judge.came(standing.recorded(stream)) for stream in streams) / standing.case.fps / lasted
    return Used(cpu / lasted, cpu / lasted + max(0.0, rest / lasted - idle), pss, made)


def _typical(some: list[Used]) -> Used:
    """Return the turn with the median CPU time by second of output."""
    return sorted(some, key=lambda used: used.cpu / max(used.made, 1e-9))[len(some) // 2]


@contextlib.contextmanager
def _mixes(standing: Stage, name: str, streams: list[str]) -> Iterator[Callable[[], list[int]]]:
    """Start mixes, and end them; what it gives returns the processes that mix."""
    targets = [standing.sink.url(stream, "record") for stream in streams]
    if name == OURS:
        client = standing.server.client(keep_alive=True)
        tasks = [_start(client, standing.case, target) for target in targets]
        try:
            yield lambda: list(standing.server.parts().children)
        finally:
            for task in tasks:
                client.stop(task)
        return
    with ExitStack() as stack:
        programs = []
        for stream, target in zip(streams, targets, strict=True):
            command = mix_peers.PEERS[name](standing.case, standing.pulled, target)
            programs.append(stack.enter_context(Program(command, log=standing.folder / f"{stream}.log")))
        yield lambda: [program.pid for program in programs]
        for program in programs:
            program.end(signal.SIGINT)


def _starts(standing: Stage, peers: list[str], count: int, failures: dict[str, str]) -> dict[str, list[float]]:
    """Return seconds from the call, or from starting the program, to the first key frame at the CDN."""
    found: dict[str, list[float]] = {}
    client = standing.server.client()
    for run in range(-1, count):  # the first one does not count: the SDK makes its first call
        stream = f"{OURS}-start{run}"
        called = time.monotonic()
        task = _start(client, standing.case, standing.sink.url(stream))
        first = standing.sink.wait("first_key", stream)["at"]
        time.sleep(_RUNS_FOR)
        client.stop(task)
        standing.sink.wait("end", stream, _ENDS_WITHIN)
        if run >= 0:
            found.setdefault(OURS, []).append(first - called)
    for name in peers:
        for run in range(max(1, count // 3)):
            stream = f"{name}-start{run}"
            command = mix_peers.PEERS[name](standing.case, standing.pulled, standing.sink.url(stream))
            called = time.monotonic()
            with _peers_may_fail(name, failures), Program(command, log=standing.folder / f"{stream}.log"):
                first = standing.sink.wait("first_key", stream, _STARTS_WITHIN)["at"]
                found.setdefault(name, []).append(first - called)
    return found


def _start(client: Client, case: Case, target: str) -> str:
    size = {"Width": case.width, "Height": case.height}
    return client.start_mix(target, {**size, "Fps": case.fps, "BitRate": case.kbps, "Gop": GOP_SECONDS}, AUDIO_KBPS)


def _rows(case: Case, used: dict[str, Used], verdicts: dict[str, Verdict]) -> list[Row]:
    ours, own = used[OURS], verdicts[OURS]
    # Of pictures that came: who makes fewer shall not look cheaper.
    per = "s per s of output"
    rows = []
    for peer in (name for name in verdicts if name != OURS):
        theirs, other = used[peer], verdicts[peer]
        made, made_by_peer = ours.made, theirs.made
        bar = 1.0 if peer == "ffmpeg" else None
        rows += [
            Row(f"{case.name}, CPU", per, ours.cpu / made, theirs.cpu / made_by_peer, peer, bar_ratio=bar),
            Row(f"{case.name}, CPU with servers", per, ours.all_cpu / made, theirs.all_cpu / made_by_peer, peer),
            Row(f"{case.name}, memory", "MB PSS", ours.pss, theirs.pss, peer),
            Row(f"{case.name}, PSNR to Lanczos", "dB", own.lanczos_db, other.lanczos_db, peer),
            Row(f"{case.name}, PSNR to area average", "dB", own.area_db, other.area_db, peer),
            Row(f"{case.name}, bit rate of pictures", "kbit/s", own.kbps, other.kbps, peer),
            Row(f"{case.name}, seconds of output per second", "", own.pace, other.pace, peer),
            Row(f"{case.name}, delay, p50", "ms", *_delay(own, other, 50), peer, bar=250),
            Row(f"{case.name}, delay, p99", "ms", *_delay(own, other, 99), peer),
            Row(f"{case.name}, output pictures missing", "", own.missing, other.missing, peer, bar=0),
            Row(f"{case.name}, people's pictures repeated", "%", *_parts("repeated", own, other), peer),
            Row(f"{case.name}, people's pictures skipped", "%", *_parts("skipped", own, other), peer),
        ]
    return rows


def _start_rows(starts: dict[str, list[float]]) -> list[Row]:
    return [
        Row(
            f"{FOUR.name}, start to first key frame, p{percent}",
            "ms",
            percentile(starts[OURS], percent) * 1000,
            percentile(times, percent) * 1000,
            peer,
            bar=400 if percent == 50 else None,
        )
        for percent in (50, 99)
        for peer, times in starts.items()
        if peer != OURS
    ]


def _crowd_rows(crowded: dict[str, list[Verdict]], used: dict[str, Used]) -> list[Row]:
    if OURS not in crowded:
        return []
    what = f"{_AT_ONCE} at once of {FOUR.name}"

    def of(name: str, figure: Callable[[list[Verdict]], float]) -> float | None:
        return figure(crowded[name]) if name in crowded else None

    figures: list[tuple[str, str, Callable[[list[Verdict]], float], float | None]] = [
        ("output pictures missing", "", lambda some: sum(each.missing for each in some), 0),
        ("people's pictures repeated", "%", lambda some: statistics.fmean(map(_repeated, some)), None),
        ("people's pictures skipped", "%", lambda some: statistics.fmean(map(_skipped, some)), None),
        ("seconds of output per second", "", lambda some: min(each.pace for each in some), None),
        ("delay, p50", "ms", lambda some: max(_milliseconds(each, 50) for each in some), None),
    ]
    rows = [
        Row(f"{what}, {name}", unit, figure(crowded[OURS]), of("ffmpeg", figure), "ffmpeg", bar=bar)
        for name, unit, figure, bar in figures
    ]
    theirs = used.get(f"ffmpeg x {_AT_ONCE}")
    rows.append(
        Row(f"{what}, CPU", "s per s", used[f"{OURS} x {_AT_ONCE}"].cpu, theirs.cpu if theirs else None, "ffmpeg")
    )
    return rows


def _delay(own: Verdict, other: Verdict, percent: float) -> tuple[float, float]:
    return _milliseconds(own, percent), _milliseconds(other, percent)


def _milliseconds(verdict: Verdict, percent: float) -> float:
    """Return a percentile of the delays; nothing known arrived: nan."""
    return percentile(verdict.delays, percent) * 1000 if verdict.delays else float("nan")


def _parts(name: str, own: Verdict, other: Verdict) -> tuple[float, float]:
    return 100 * getattr(own, name) / own.pictures, 100 * getattr(other, name) / other.pictures


def _repeated(verdict: Verdict) -> float:
    return 100 * verdict.repeated / verdict.pictures


def _skipped(verdict: Verdict) -> float:
    return 100 * verdict.skipped / verdict.pictures


def _brief(verdict: Verdict) -> dict[str, object]:
    return {name: value for name, value in asdict(verdict).items() if name != "delays"}


def _cpu(pids: list[int], seconds: float) -> float:
    """Return CPU seconds per second over a while."""
    began, before = time.monotonic(), {pid: proc.cpu_seconds([pid]) for pid in pids}
    time.sleep(seconds)
    return _growth(before, pids) / (time.monotonic() - began)


def _growth(before: dict[int, float], pids: list[int]) -> float:
    """Return what processes have used since; one that has ended meanwhile counts for nothing, not for less."""
    return sum(max(0.0, proc.cpu_seconds([pid]) - before[pid]) for pid in pids)


def _live(server: Server, case: Case) -> list[str]:
    return [f"{server.addresses['rtmp']}/live/person{person}" for person in range(case.people)]


def _stamps(folder: Path) -> Path:
    return folder / "stamps.json"
