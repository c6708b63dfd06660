"""Lane: a feed's way onto the reel. When a task changes its feed, the old one goes on until the new one is there.

The first lane is open from the start. A later one lets nothing through until its first key frame (or its first sound,
in an output of sound alone); with that it opens, and the one before it closes. So the output has no gap, and no picture
without its reference.
"""

import asyncio
from collections.abc import Callable

from tailrace.worker.reel import Reel


class Junction:
    """Where the lanes of one task meet its reel; the last one that has opened is let through.

    `began` is told which output time, in microseconds, is now, `shows` the revision that the output has from now on.
    `opus` takes the sound for rooms, with its time in microseconds.
    """

    def __init__(
        self,
        reel: Reel,
        video: bool,
        began: Callable[[int], None],
        shows: Callable[[int], None],
        opus: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self.reel = reel
        self.opus = opus or _unheard
        self.video = video
        self.began = began
        self.shows = shows
        self.current: Lane | None = None
        self._lanes = 0
        self._waiting: list[Lane] = []

    def lane(self) -> "Lane":
        """Return a new lane, later than all before."""
        self._lanes += 1
        lane = Lane(self, self._lanes)
        self._waiting.append(lane)
        if self.current is None:
            self.open(lane)
        return lane

    def open(self, lane: "Lane") -> None:
        """Let this lane through; those that were made before it will never be."""
        self.current = lane
        passed = self._waiting.index(lane) + 1
        for waiting in self._waiting[:passed]:
            waiting.opened.set()
        del self._waiting[:passed]


def _unheard(_at_us: int, _packet: bytes) -> None:
    """Take sound for rooms where there are none."""


class Lane:
    """What one feed writes to; the calls are those of `Reel` and `Junction`.

    `opened` is set once it, or one that was made later, is let through: what was there before is over.
    """

    def __init__(self, junction: Junction, number: int) -> None:
        self.opened = asyncio.Event()
        self._junction = junction
        self._number = number
        self._shift_ms = 0
        self._configs: dict[str, bytes] = {}
        self._now_us: int | None = None
        self._revision: int | None = None
        self._shown = False  # whether anything of this feed is on the reel

    def video_config(self, at_ms: int, config: bytes) -> None:
        """Let the pictures from here on have this set-up data."""
        if self._is_open:
            self._junction.reel.video_config(at_ms + self._shift_ms, config)
        self._configs["video"] = config

    def audio_config(self, at_ms: int, config: bytes) -> None:
        """Let the sound from here on have this set-up data."""
        if self._is_open:
            self._junction.reel.audio_config(at_ms + self._shift_ms, config)
        self._configs["audio"] = config

    def picture(self, at_ms: int, composition_ms: int, key: bool, payload: bytes) -> None:
        """Send one access unit."""
        if self._is_open or (key and self._open(at_ms)):
            self._junction.reel.picture(at_ms + self._shift_ms, composition_ms, key, payload)
            self._show()

    def sound(self, at_ms: int, data: bytes) -> None:
        """Send one AAC frame."""
        if self._is_open or (not self._junction.video and self._open(at_ms)):
            self._junction.reel.sound(at_ms + self._shift_ms, data)
            self._show()

    def opus(self, at_us: int, packet: bytes) -> None:
        """Send the same sound as Opus, for the rooms that the output is fed back into."""
        if self._is_open:
            self._junction.opus(at_us + self._shift_ms * 1000, packet)

    def began(self, now_us: int) -> None:
        """Say which output time is now."""
        self._now_us = now_us
        if self._is_open:
            self._junction.began(now_us + self._shift_ms * 1000)

    def shows(self, revision: int) -> None:
        """Say which revision is shown from now on, or once there is something to show."""
        self._revision = revision
        if self._is_open and self._shown:
            self._junction.shows(revision)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the output's pictures; zeros before the first."""
        return self._junction.reel.size

    def group(self) -> tuple[bytes, list[bytes]]:
        """Return the output's pictures since its last key frame, and their set-up data."""
        return self._junction.reel.group()

    @property
    def _is_open(self) -> bool:
        return self._junction.current is self

    def _open(self, at_ms: int) -> bool:
        junction = self._junction
        if junction.current is None or junction.current._number > self._number:
            return False
        junction.open(self)
        self._shift_ms = max(0, junction.reel.end_ms + 1 - at_ms)
        if "video" in self._configs:
            self.video_config(at_ms, self._configs["video"])
        if "audio" in self._configs:
            self.audio_config(at_ms, self._configs["audio"])
        if self._now_us is not None:
            self.began(self._now_us)
        return True

    def _show(self) -> None:
        if not self._shown:
            self._shown = True
            if self._revision is not None:
                self.shows(self._revision)
