"""WHIP: CPU time and memory per publisher, of 1, 10 and 30 browsers that publish the clip; delays by whip_delay.py."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench import clip, janus, proc, rtp_film, whip_delay, whip_doors
from bench.report import Result, Row
from bench.size import Size
from bench.told import Told
from bench.whip_doors import DESCRIBED, Door

# Libraries are loaded, and what waits at the start has gone.
_IDLE_AFTER: Final = 1.5
_IDLE_WINDOW: Final = 2.0
_SETTLES: Final = 3.0
_CONNECTED_WITHIN: Final = 60.0
# Of what was sent when a server reported, it had so much. What is on its way is less; what is asked for again comes.
_LEAST: Final = 0.95
# Reports come each second, or each few with few packets.
_REPORTED_WITHIN: Final = 4.0
# Of the pictures of a window, so many have come out of it.
_LEAST_PICTURES: Final = 0.9
# The promise of the design: of one core, for a publisher of 1.5 Mbit/s.
_BAR_CPU: Final = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one publisher, as a mean over all: CPU in % of a core of each group of processes, beyond what it takes without
    publishers where `all` is meant; memory in MB PSS that all processes grew by."""

    cpu: Mapping[str, float]
    pss: float
    publisher_cpu: float


def measure(folder: Path, film: Path, size: Size) -> Result:
    """Measure each number of publishers, the contenders in turns; then the delays."""
    folder.mkdir(parents=True)
    sound = rtp_film.make_sound(film, folder / "sound.ogg")
    found: dict[tuple[str, int], Cost] = {}
    failures: list[str] = [why] if (why := janus.missing()) else []
    for count in size.publishers:
        for name in whip_doors.contenders():
            try:
                found[name, count] = _measure_one(folder / f"{name}-{count}", (film, sound), name, count, size.window)
            except (RuntimeError, TimeoutError) as error:
                # What somebody cannot do at all has no cost that could be compared.
                failures.append(f"{count} publishers, {DESCRIBED.get(name, name)}: {error}")
    rows = [row for count in size.publishers for row in _rows(found, count)]
    delays = whip_delay.measure(folder / "delay", (film, sound), size)
    samples: dict[str, Any] = {f"{name} {count}": asdict(cost) for (name, count), cost in found.items()}
    return Result([*rows, *delays.rows], {"left_out": failures, **samples, **delays.samples})


def _measure_one(folder: Path, film: tuple[Path, Path], name: str, count: int, window: float) -> Cost:
    with whip_doors.standing(name, folder) as door:
        time.sleep(_IDLE_AFTER)
        before = proc.pss_mb(door.groups["all"])
        idle = _cpu(_IDLE_WINDOW, {"all": door.groups["all"]})["all"]
        places = [asdict(door.place(f"user-{number}")) for number in range(count)]
        arguments = [str(path) for path in film]
        with Told("bench.web_publishers", arguments, places, folder / "publishers.log") as publishers:
            publishers.wait("connected", _CONNECTED_WITHIN)
            time.sleep(_SETTLES)
            began, pictures = publishers.wait("figures", _CONNECTED_WITHIN), list(door.frames())
            cpu = _cpu(window, {**door.groups, "publishers": [publishers.pid]})
            pss = proc.pss_mb(door.groups["all"])
            _check_pace(began, publishers.said("figures"), count)
            _check(publishers, count)
            _check_pictures(door, pictures, window)
    beside = cpu.pop("publishers")
    cpu["all"] -= idle
    return Cost({group: used / count for group, used in cpu.items()}, (pss - before) / count, beside / count)


def _check_pace(early: Mapping[str, Any], late: Mapping[str, Any], count: int) -> None:
    """Raise RuntimeError unless the publishers themselves kept up with the time: it is their rate that is paid for."""
    sent, lasted = late["film"] - early["film"], (late["now"] - early["now"]) * count
    if sent < lasted * _LEAST:
        raise RuntimeError(f"the machine is too busy: {count} publishers sent {sent:.1f} of {lasted:.1f} s of film")


def _check(publishers: Told, count: int) -> None:
    """Raise RuntimeError unless the server itself says that it has got nearly all, of everybody."""
    now = time.monotonic()
    figures = publishers.said("figures").get("figures", [])
    good = [each for each in figures if each["sent"] and each["received"] >= each["sent"] * _LEAST]
    if len(good) < count:
        worst = min((each["received"] / max(1, each["sent"]) for each in figures), default=0.0)
        raise RuntimeError(f"only {len(good)} of {count} publishers' packets came; of one of them {worst:.0%}")
    if late := [each for each in figures if now - each["at"] > _REPORTED_WITHIN]:
        raise RuntimeError(f"nothing was reported to {len(late)} of {count} publishers for {_REPORTED_WITHIN:g} s")


def _check_pictures(door: Door, before: Sequence[int], window: float) -> None:
    """Raise RuntimeError unless a server that counts pictures has given out nearly all, of everybody."""
    least = window * clip.PICTURES_PER_SECOND * _LEAST_PICTURES
    fewest = min((after - early for early, after in zip(before, door.frames(), strict=False)), default=least)
    if fewest < least:
        raise RuntimeError(f"of one publisher {fewest} pictures came out in {window:g} s, not {least:.0f}")


def _cpu(window: float, groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the growth of CPU times over a window, in % of a core."""
    began = time.monotonic()
    before = {name: proc.cpu_seconds(pids) for name, pids in groups.items()}
    time.sleep(window)
    lasted = time.monotonic() - began
    return {name: (proc.cpu_seconds(pids) - before[name]) / lasted * 100 for name, pids in groups.items()}


def _rows(found: Mapping[tuple[str, int], Cost], count: int) -> list[Row]:
    if (ours := found.get(("ours", count))) is None:
        return [Row(f"WHIP publishers at once, of {count}, see left_out", "", 0, bar=count, at_least=True)]
    of = f"per WHIP publisher of {count}"
    bar = _BAR_CPU
    rows = [Row(f"CPU {of}, ingest", "% of a core", ours.cpu["ingest"], *_peer(found, "janus", count), bar=bar)]
    for name in DESCRIBED:
        what, used = f"CPU {of}, with nats-server", ours.cpu["with bus"]
        rows.append(Row(what, "% of a core", used, *_peer(found, name, count), bar=bar if name == "janus" else None))
    for name in ("janus", "aiortc"):
        theirs = _peer(found, name, count, memory=True)
        rows.append(Row(f"memory {of}, growth of all", "MB PSS", ours.pss, *theirs))
    return rows


def _peer(
    found: Mapping[tuple[str, int], Cost], name: str, count: int, *, memory: bool = False
) -> tuple[float | None, str]:
    """Return a peer's figure, and what it is."""
    if (cost := found.get((name, count))) is None:
        return None, f"{DESCRIBED[name]}: failed"
    return cost.pss if memory else cost.cpu["all"], DESCRIBED[name]
