"""Pacer: what waits to be sent to one viewer, and how much of it may go now.

A picture leaves at once as long as it is small. Only what comes in bulk is spread: the group of pictures that a viewer
begins with, and large key frames. A burst of them would overflow the socket of the viewer (Linux gives it 208 KiB by
default, which are about 90 packets) or a router on the way, and each lost packet would cost a round trip.
"""

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")

# What leaves at once: 32 full packets, a picture of a 9 Mbit/s stream, and well below what sockets hold.
BURST_BYTES = 32 * 1200
# 20 Mbit/s is more than any stream that is meant to be watched at home has, and what most homes can take: a group of
# pictures of 2 s at 2.5 Mbit/s is there within a quarter of a second.
RATE = 20_000_000 / 8
# More waits only when the stream itself is that large, or the process was held up: then all of it is to be there within
# this time, ...
DRAIN = 0.5
# ... unless that were more than 100 Mbit/s, which overflows the viewer again.
MAX_RATE = 100_000_000 / 8
# Between two looks: 10 packets at RATE.
STEP = 0.005


class Pacer(Generic[Item]):
    """A queue of items with their sizes, which gives out as many as `now` allows. Times are seconds."""

    def __init__(self) -> None:
        self.waiting_bytes = 0
        self._items: deque[tuple[int, Item]] = deque()
        self._allowance = float(BURST_BYTES)
        self._at: float | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items

    def put(self, items: Iterable[tuple[int, Item]]) -> None:
        """Add items behind the others, each with its size in bytes."""
        for size, item in items:
            self._items.append((size, item))
            self.waiting_bytes += size

    def clear(self) -> None:
        """Forget what waits."""
        self._items.clear()
        self.waiting_bytes = 0

    def take(self, now: float) -> list[Item]:
        """Return what is to be sent now; look again after STEP when something is left."""
        rate = rate_for(self.waiting_bytes)
        if self._at is not None:
            self._allowance = min(self._allowance + (now - self._at) * rate, max(BURST_BYTES, rate * STEP))
        self._at = now
        taken = []
        while self._items and self._allowance > 0:
            size, item = self._items.popleft()
            self._allowance -= size
            self.waiting_bytes -= size
            taken.append(item)
        return taken


def rate_for(waiting_bytes: int) -> float:
    """Return how many bytes a second are sent while so many wait."""
    return min(max(RATE, waiting_bytes / DRAIN), MAX_RATE)
