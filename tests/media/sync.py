"""Sync: how far flashes and beeps of each person are apart in a mixed output, and how steadily pictures move on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np

from tailrace.wire.flv import AvcPacket
from tests.media.received import Received
from tests.media.tones import beeps
from tests.media.windows import Said, Window, said_in

# A flash and a beep belong together when they are less than this apart: they come once a second.
_TOGETHER = 0.45
# FLV has whole milliseconds, and a piece of sound is as long as it is: what is so far off is where it should be.
_ROUNDING = 0.002
Place = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Moves:
    """How a person's number went on: pictures of the publisher that came `repeated`, or were `skipped`.

    `unread` are output pictures whose code could not be read.
    """

    repeated: int
    skipped: int
    unread: int


def pictures(received: Received) -> list[tuple[float, av.VideoFrame]]:
    """Decode the pictures; times in seconds."""
    decoder = av.CodecContext.create("h264", "r")
    decoded: list[tuple[float, av.VideoFrame]] = []
    for at, body in received.video_bodies:
        if body.packet is AvcPacket.CONFIG:
            decoder = av.CodecContext.create("h264", "r")
            decoder.extradata, decoder.thread_count = body.data, 1
        elif body.packet is AvcPacket.UNITS:
            packet = av.Packet(body.data)
            packet.pts = at + body.composition_ms
            decoded += [((frame.pts or 0) / 1000, frame) for frame in decoder.decode(packet)]
    return decoded


def said(
    shown: Sequence[tuple[float, av.VideoFrame]], places: Mapping[int, Place | Window]
) -> dict[int, list[tuple[float, Said]]]:
    """Return what each person's window says over time; `places` says where each person is."""
    return {person: [(at, said_in(picture, place)) for at, picture in shown] for person, place in places.items()}


def flashes(seen: Iterable[tuple[float, Said]]) -> list[float]:
    """Return when flashes begin, in seconds, where a person was seen just before, and did not flash.

    One with which a person appears does not count: his first picture is shown as soon as it is there, as a still, and
    only the next one when it is due, beside its sound.
    """
    steps = ((at, before, now) for (_, before), (at, now) in pairwise(seen) if before.number is not None)
    return [at for at, before, now in steps if now.flash and not before.flash]


def heard(received: Received) -> tuple[float, np.ndarray, int]:
    """Return when the sound begins in seconds, its samples, mono, and its rate. Gaps by its times are silent."""
    sound = received.sound()
    begin, rate = sound.pieces[0][0], sound.rate_hz
    placed: list[np.ndarray] = []
    count = 0
    for at, piece in sound.pieces:
        missing = round((at - begin) * rate) - count
        if missing > _ROUNDING * rate:
            placed.append(np.zeros(missing))
            count += missing
        # Of a piece that is early, the part that overlaps the last one is left out.
        early = piece[-missing:] if missing < -_ROUNDING * rate else piece
        placed.append(early)
        count += len(early)
    return begin, np.concatenate(placed), rate


def offsets(received: Received, places: Mapping[int, Place | Window]) -> dict[int, list[float]]:
    """Return, for each person, how many seconds each flash comes after the beep that belongs to it.

    Beeps are told to 2 ms, flashes are due with an output picture. Those without the other are left out: count them.
    """
    begin, wave, rate = heard(received)
    seen = said(pictures(received), places)
    apart: dict[int, list[float]] = {}
    for person in places:
        beeped = np.array([begin + at for at in beeps(wave, rate, person)])
        apart[person] = []
        for flash in flashes(seen[person]):
            nearest = beeped[np.abs(beeped - flash).argmin()] if beeped.size else np.inf
            if abs(flash - nearest) < _TOGETHER:
                apart[person].append(float(flash - nearest))
    return apart


def moves(seen: Sequence[tuple[float, Said]], film_pictures: int) -> Moves:
    """Count what is shown twice and what never, in an output that has as many pictures a second as the publisher."""
    numbers = [what.number for _, what in seen]
    steps = [(late - early) % film_pictures for early, late in pairwise(n for n in numbers if n is not None)]
    return Moves(steps.count(0), sum(step - 1 for step in steps if step), numbers.count(None))
