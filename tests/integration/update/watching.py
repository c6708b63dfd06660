"""Watching: the pictures that one CDN connection got, decoded, and what can be said of each and of their order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import av

from tailrace.wire.flv import AvcPacket, parse_video
from tests.fakes.cdn import Stream
from tests.integration.update.scenes import EVERYBODY, FILM_PICTURES, FPS, Place, Places
from tests.media.received import Received
from tests.media.windows import said_in, windows_found

Look = Callable[[av.VideoFrame], bool]


@dataclass(frozen=True, slots=True)
class Picture:
    """One output picture: its time in milliseconds, and when it came in Unix seconds."""

    at_ms: int
    arrived: float
    key: bool
    payload: bytes
    image: av.VideoFrame


def pictures_of(stream: Stream, *, after_ms: int = -1) -> list[Picture]:
    """Decode what came over one connection so far, from the last key frame before `after_ms` on."""
    bodies = [
        (at, arrived, body)
        for (at, raw), arrived in zip(list(stream.video), list(stream.video_arrived), strict=False)
        if (body := parse_video(raw)) is not None
    ]
    keys = [
        n for n, (at, _, body) in enumerate(bodies) if body.packet is AvcPacket.UNITS and body.key and at <= after_ms
    ]
    begin = keys[-1] if keys else 0
    decoder = None
    pictures: list[Picture] = []
    for number, (at, arrived, body) in enumerate(bodies):
        if body.packet is AvcPacket.CONFIG:
            decoder = av.CodecContext.create("h264", "r")
            decoder.extradata, decoder.thread_count = body.data, 1
        elif body.packet is AvcPacket.UNITS and number >= begin:
            assert decoder is not None, "a picture came before its set-up data"
            (image,) = decoder.decode(av.Packet(body.data))
            pictures.append(Picture(at, arrived, body.key, body.data, image))
    return pictures


def shows(places: Places, among: Iterable[int] = EVERYBODY) -> Look:
    """Return the look of a picture in which exactly these people of `among` are seen, each in this place."""

    def look(image: av.VideoFrame) -> bool:
        found = {window.person: window for window in windows_found(image, among)}
        return found.keys() == places.keys() and all(found[person].at(*place) for person, place in places.items())

    return look


def change_of(pictures: Sequence[Picture], before: Look, after: Look) -> int:
    """Return which picture is the first one that looks as `after`; all before it must look as `before`."""
    first = next((number for number, picture in enumerate(pictures) if after(picture.image)), len(pictures))
    strange = [
        number for number, picture in enumerate(pictures) if not (before if number < first else after)(picture.image)
    ]
    assert not strange, f"of {len(pictures)} pictures, {first} is the first that is new; neither old nor new: {strange}"
    assert 0 < first < len(pictures), f"of {len(pictures)} pictures, {first} is the first that is new"
    return first


def is_steady(stream: Stream, at_ms: int, seconds: float = 0.5, fps: int = FPS) -> bool:
    """Whether the pictures from a little before `at_ms` on stand on the grid of the rate, without a hole.

    Not of the whole stream: a machine that is busy with other things leaves out pictures now and then.
    """
    begin, end = at_ms - 200, at_ms + seconds * 1000
    times = [at for at, _ in Received(stream.video, []).frames if begin <= at <= end]
    return len(times) > 2 and all(abs(later - earlier - 1000 / fps) < 1 for earlier, later in pairwise(times))


def lags(pictures: Sequence[Picture], person: int, place: Place) -> list[int | None]:
    """Return for each picture by how many frames the person's film is ahead of the output; None: unreadable."""
    numbers = [said_in(picture.image, place).number for picture in pictures]
    return [
        None if number is None else (number - round(picture.at_ms * FPS / 1000)) % FILM_PICTURES
        for number, picture in zip(numbers, pictures, strict=True)
    ]


def go_on(pictures: Sequence[Picture], change: int, before: Places, after: Places) -> bool:
    """Whether everybody's film goes on at `change` as if nothing had been changed.

    One frame is forgiven: a picture that is due just between two output frames may come with the one or the other.
    """
    for person in before.keys() & after.keys():
        found = lags(pictures[:change], person, before[person]) + lags(pictures[change:], person, after[person])
        known = [lag for lag in found if lag is not None]
        if len(known) < len(found) or {(lag - known[0] + 1) % FILM_PICTURES for lag in known} - {0, 1, 2}:
            return False
    return True


def latest_ms(stream: Stream) -> int:
    """Return the output time of the picture that came last."""
    return stream.video[-1][0]


def around(stream: Stream, at_ms: int, seconds: float = 0.5) -> list[Picture]:
    """Return the pictures from a little before `at_ms` to some time behind it."""
    begin, end = at_ms - 200, at_ms + seconds * 1000
    return [picture for picture in pictures_of(stream, after_ms=begin) if begin <= picture.at_ms <= end]
