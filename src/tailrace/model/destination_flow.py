"""Destination flow: whether a connection still takes media, and which messages one that is behind gets.

Pictures are left out up to the next key frame before any sound is; what is left out is counted.
"""

from collections import deque
from dataclasses import dataclass

# A CDN that takes nothing for so long is gone: longer than any pause of a living one. With the time until its receive
# buffer is full (a second at 2 Mbit/s) and somebody looks (0.5 s) it is found out within 10 s.
SILENT_AFTER = 7.0


class Progress:
    """Tells a connection that takes nothing any more from one that is slow, or has nothing to take."""

    def __init__(self, now: float) -> None:
        self._taken = -1
        self._moved_at = now

    def stands_still(self, taken: int, outstanding: int, now: float) -> bool:
        """Say so; to be asked twice a second. `taken` and `outstanding` in bytes, as in `net/tcp.py`."""
        if taken != self._taken or not outstanding:
            self._taken, self._moved_at = taken, now
        return now - self._moved_at >= SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a connection has not taken yet."""

    size_bytes: int
    seconds: float


# The longest group of pictures of the API (5 s) that a destination begins with, and a second. At its highest bit rate
# (10 Mbit/s) 6 s are 7.5 MB, and what a destination may begin with is at most 8 MiB (`worker/reel.py`).
VIDEO_BOUND = Backlog(8 * 1024 * 1024, 6.0)
# Sound, which is little, goes on until a stalled connection is found out.
BOUND = Backlog(10 * 1024 * 1024, 10.0)
# Pictures come again once two thirds have been taken: else each key frame would be the only picture of its group.
RESUME_BOUND = Backlog(VIDEO_BOUND.size_bytes // 3, VIDEO_BOUND.seconds / 3)


def _over(backlog: Backlog, bound: Backlog) -> bool:
    return backlog.size_bytes > bound.size_bytes or backlog.seconds > bound.seconds


class Valve:
    """Lets messages through while a connection keeps up. `skipping`: pictures are left out up to a key frame."""

    def __init__(self) -> None:
        self.skipping = False

    def passes(self, video: bool, key: bool, backlog: Backlog) -> bool:
        """Say whether a picture or a frame of sound is to be sent."""
        if not video:
            return not _over(backlog, BOUND)
        if self.skipping:
            self.skipping = not key or _over(backlog, RESUME_BOUND)
        else:
            self.skipping = _over(backlog, VIDEO_BOUND)
        return not self.skipping


class Waiting:
    """The messages that a connection has not taken yet, by their ends in the count of its bytes."""

    def __init__(self) -> None:
        self._messages: deque[tuple[int, int]] = deque()

    def add(self, end: int, timestamp_ms: int) -> None:
        """Take note of a message that ends at byte `end`."""
        self._messages.append((end, timestamp_ms))

    def seconds(self, sent: int) -> float:
        """Return how much of the output's time waits once `sent` bytes were taken."""
        while self._messages and self._messages[0][0] <= sent:
            self._messages.popleft()
        return max(0, self._messages[-1][1] - self._messages[0][1]) / 1000 if self._messages else 0.0


@dataclass(slots=True)
class Missed:
    """What a destination did not get: frames, and the seconds of the output in which something is missing."""

    frames: int = 0
    seconds: float = 0.0
    _until_ms: int = -1

    def frame(self, before_ms: int, timestamp_ms: int) -> None:
        """Count a frame of one track that follows on that of `before_ms`."""
        self.frames += 1
        self.gap(before_ms, timestamp_ms)

    def gap(self, from_ms: int, until_ms: int) -> None:
        """Count the time between, unless it was counted for the other track."""
        self.seconds += max(0, until_ms - max(from_ms, self._until_ms)) / 1000
        self._until_ms = max(self._until_ms, until_ms)
