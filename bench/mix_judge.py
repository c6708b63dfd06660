"""Judge: what arrived of a mix: pictures that are missing, repeated or late, and how far they are from the ideal."""

import json
import statistics
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
from tests.media import code

from bench import mix_film, mix_ideal
from bench.mix_case import Case
from tailrace.media.canvas import planes_of
from tailrace.wire import flv

# The ideal pictures are slow to compute: so many of an output are compared, evenly spread.
_COMPARED = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """One output picture: its time in ms, when it arrived, and the number of each person, None when it is not read."""

    at_ms: int
    arrived: float
    numbers: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one output, in the seconds that were judged.

    `missing`: pictures that its own timestamps leave out. `repeated` and `skipped`: of people's pictures, per person;
    `unread`: codes that could not be read, of all people's. `pace`: seconds of output per second. `delays`: seconds
    from the sending of a person's picture to its first arrival. `area_db`, `lanczos_db`: median PSNR of all planes.
    """

    seconds: float
    pictures: int
    missing: int
    repeated: float
    skipped: float
    unread: int
    pace: float
    kbps: float
    delays: list[float]
    area_db: float
    lanczos_db: float


def judge(case: Case, films: Sequence[Path], recorded: Path, stamps: Sequence[Sequence[tuple[int, float]]]) -> Verdict:
    """Judge what arrived of a recording of the sink's in the time that `mark` noted."""
    since, until = json.loads(recorded.with_suffix(".window").read_text())
    shown: list[Shown] = []
    kept: list[tuple[Shown, av.VideoFrame]] = []
    octets = 0
    every = max(1, round((until - since) * case.fps) // _COMPARED)
    for body, at_ms, arrived, frame in _pictures(recorded):
        if not since <= arrived < until:
            continue
        picture = Shown(at_ms, arrived, _numbers(case, frame))
        if len(shown) % every == 0 and None not in picture.numbers:
            kept.append((picture, frame))
        shown.append(picture)
        octets += len(body)
    if len(shown) < 2:
        raise RuntimeError(f"{recorded.stem}: {len(shown)} pictures arrived from {since:.1f} to {until:.1f}")
    total = mix_film.SECONDS * case.fps
    steps = [_steps(shown, person, total) for person in range(case.people)]
    media = (shown[-1].at_ms - shown[0].at_ms) / 1000
    area_db, lanczos_db = _compare(case, films, kept)
    return Verdict(
        seconds=until - since,
        pictures=len(shown),
        missing=sum(round((late.at_ms - early.at_ms) * case.fps / 1000) - 1 for early, late in pairwise(shown)),
        repeated=statistics.fmean(each.count(0) for each in steps),
        skipped=statistics.fmean(sum(step - 1 for step in each if step > 1) for each in steps),
        unread=sum(picture.numbers.count(None) for picture in shown),
        pace=media / (shown[-1].arrived - shown[0].arrived),
        kbps=octets * 8 / 1000 / (media or 1),
        delays=_delays(shown, stamps),
        area_db=area_db,
        lanczos_db=lanczos_db,
    )


def mark(recorded: Path, since: float, until: float) -> None:
    """Note which arrivals of a recording are to be judged."""
    recorded.with_suffix(".window").write_text(json.dumps([since, until]))


def came(recorded: Path) -> int:
    """Return how many pictures of a recording arrived in the time that `mark` noted."""
    since, until = json.loads(recorded.with_suffix(".window").read_text())
    return sum(since <= arrived < until for arrived in json.loads(recorded.with_suffix(".json").read_text()))


def _pictures(recorded: Path) -> Iterator[tuple[bytes, int, float, av.VideoFrame]]:
    """Yield body, time, arrival and picture; there are no B-frames, so they come in order."""
    arrivals = iter(json.loads(recorded.with_suffix(".json").read_text()))
    decoder = av.CodecContext.create("h264", "r")
    for tag in flv.Reader().receive(recorded.read_bytes()):
        body = flv.parse_video(tag.body) if tag.type is flv.TagType.VIDEO and tag.body else None
        if body is None or body.packet is flv.AvcPacket.END:
            continue
        if body.packet is flv.AvcPacket.CONFIG:
            decoder = av.CodecContext.create("h264", "r")
            decoder.extradata, decoder.thread_count = body.data, 1
            continue
        arrived = next(arrivals)
        for frame in decoder.decode(av.Packet(body.data)):
            yield tag.body, tag.timestamp_ms + body.composition_ms, arrived, frame


def _numbers(case: Case, frame: av.VideoFrame) -> tuple[int | None, ...]:
    luma = planes_of(frame)[0]
    windows = [luma[box.y : box.y + box.height, box.x : box.x + box.width] for box in case.boxes]
    return tuple(code.read(window, code.CORNER) for window in windows)


def _steps(shown: Sequence[Shown], person: int, total: int) -> list[int]:
    """Return by how many pictures the person went on with each output picture."""
    numbers = [picture.numbers[person] for picture in shown]
    return [(late - early) % total for early, late in pairwise(number for number in numbers if number is not None)]


def _delays(shown: Sequence[Shown], stamps: Sequence[Sequence[tuple[int, float]]]) -> list[float]:
    """Return how long each person's picture took, by the last sending of its number before it arrived."""
    delays = []
    for person, sent in enumerate(stamps):
        times: dict[int, list[float]] = {}
        for which, at in sent:
            times.setdefault(which, []).append(at)
        before: int | None = None
        for picture in shown:
            number = picture.numbers[person]
            if number is None or number == before:
                continue
            before = number
            if index := bisect_right(sendings := times.get(number, []), picture.arrived):
                delays.append(picture.arrived - sendings[index - 1])
    return delays


def _compare(case: Case, films: Sequence[Path], kept: Sequence[tuple[Shown, av.VideoFrame]]) -> tuple[float, float]:
    """Return the median PSNR of some pictures, each against the ideal of the very pictures that it shows."""
    if not kept:
        return 0.0, 0.0
    wanted = [{picture.numbers[person] for picture, _ in kept} for person in range(case.people)]
    sources = [
        {number: frame for number, frame in enumerate(mix_film.decoded(film)) if number in numbers}
        for film, numbers in zip(films, wanted, strict=True)
    ]
    box = case.boxes[0]
    people = [[source[picture.numbers[person] or 0] for picture, _ in kept] for person, source in enumerate(sources)]
    places = [(each.x, each.y) for each in case.boxes]
    exact = mix_ideal.Exact(people, places, (box.width, box.height), (case.width, case.height))
    found = [exact.psnr(number, frame) for number, (_, frame) in enumerate(kept)]
    return statistics.median(area for area, _ in found), statistics.median(lanczos for _, lanczos in found)
