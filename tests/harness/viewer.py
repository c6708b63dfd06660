"""Viewer: what is seen and heard of a mix at a fake CDN, decoded while it comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import av

from tailrace.wire.flv import AvcPacket, parse_audio, parse_video
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.waiting import DEADLINE, eventually
from tests.media.received import Received
from tests.media.sync import heard
from tests.media.tones import levels
from tests.media.windows import windows_found

Place = tuple[int, int, int, int]
# To find everybody in a picture takes 30 ms: all pictures would take a whole core from those who make them.
LOOK_EACH_MS = 100
# So much sound tells neighbouring tones apart; the decoder's first two frames of 1024 samples are of the past.
LISTEN_SECONDS = 0.4
FIRST_FRAMES = 2
# AAC leaves up to a few thousandths of noise.
SILENT = 0.006


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture; `at_ms` is its time in the stream, `number` counts the pictures over all connections."""

    at_ms: int
    number: int
    picture: av.VideoFrame


class Viewer:
    """Watches what comes under one name, over all connections, one after the other."""

    def __init__(self, cdn: HostedCdn, name: str) -> None:
        self.name = name
        self._cdn = cdn
        self._connection = self._message = 0
        self._decoder = av.CodecContext.create("h264", "r")
        self._last: Shot | None = None

    @property
    def received(self) -> Received:
        """All that came so far."""
        return self._cdn.received(self.name)

    def now(self) -> Shot:
        """Return the latest picture, once there is one."""
        return self.until(lambda _: True, "a picture")

    def until(self, condition: Callable[[Shot], object], what: str, timeout: float = DEADLINE) -> Shot:
        """Wait for a picture that fulfils a condition; the latest one is asked every LOOK_EACH_MS."""
        asked_ms = -LOOK_EACH_MS

        def find() -> list[Shot]:
            nonlocal asked_ms
            shot = self._latest()
            if shot is None or shot.at_ms < asked_ms + LOOK_EACH_MS:
                return []
            asked_ms = shot.at_ms
            return [shot] if condition(shot) else []

        (shot,) = eventually(find, f"{what} at {self.name}", timeout)
        return shot

    def until_there(self, places: Mapping[int, Place], timeout: float = DEADLINE) -> Shot:
        """Wait until these people, and nobody else, are seen, each at his place: x, y, width, height."""
        wrong = ""

        def right(shot: Shot) -> bool:
            nonlocal wrong
            wrong = astray(shot.picture, places)
            return not wrong

        try:
            return self.until(right, "everybody in his place", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}, but {wrong or 'no new picture'}") from None

    def until_heard(self, amplitudes: Mapping[int, float], within: float = 0.1, timeout: float = DEADLINE) -> None:
        """Wait until these people's tones are heard, each as loud as it should be, and nobody else's.

        `within` is a part of the amplitude.
        """
        loud: dict[int, float] = {}

        def right() -> bool:
            nonlocal loud
            loud = self._listen()
            return all(
                abs(loud[person] - amplitudes.get(person, 0.0)) <= max(SILENT, within * amplitudes.get(person, 0.0))
                for person in loud
            )

        try:
            eventually(right, f"the right voices at {self.name}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}, but heard: {loud}") from None

    def _listen(self) -> dict[int, float]:
        """Return everybody's amplitude in what comes from now on."""
        audio = eventually(lambda: self._cdn.stream(self.name).audio, f"sound at {self.name}")
        first = len(audio)
        whole = first + FIRST_FRAMES
        config = [message for message in audio if (body := parse_audio(message[1])) and body.config][-1:]
        eventually(
            lambda: len(audio) > whole and audio[-1][0] - audio[whole][0] > LISTEN_SECONDS * 1000,
            f"more sound at {self.name}",
        )
        _, wave, rate_hz = heard(Received([], config + audio[first:]))
        return levels(wave[FIRST_FRAMES * 1024 :], rate_hz)

    def _latest(self) -> Shot | None:
        streams = self._cdn.streams(self.name)
        while self._connection < len(streams):
            messages = streams[self._connection].video
            while self._message < len(messages):
                self._decode(*messages[self._message])
                self._message += 1
            if self._connection == len(streams) - 1:
                break
            self._connection, self._message = self._connection + 1, 0
        return self._last

    def _decode(self, at_ms: int, message: bytes) -> None:
        body = parse_video(message)
        if body is not None and body.packet is AvcPacket.CONFIG:
            self._decoder = av.CodecContext.create("h264", "r")
            # One picture in, one out: several threads would hold some back.
            self._decoder.extradata, self._decoder.thread_count = body.data, 1
        elif body is not None and body.packet is AvcPacket.UNITS:
            for picture in self._decoder.decode(av.Packet(body.data)):
                self._last = Shot(at_ms, self._last.number + 1 if self._last else 0, picture)


def astray(picture: av.VideoFrame, places: Mapping[int, Place]) -> str:
    """Say in words how what is seen differs from who should be seen where; nothing if it does not."""
    found = {window.person: window for window in windows_found(picture)}
    if found.keys() == places.keys() and all(found[person].at(*place) for person, place in places.items()):
        return ""
    return f"seen: {list(found.values())}, wanted: {dict(places)}"
