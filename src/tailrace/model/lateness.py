"""Lateness: which frames of an output that is made too late are left out, and which are made up for."""

from typing import Final

# A machine that stood still for a moment makes up for it, since making frames takes less than their time: nothing is
# left out for so long, and while it is late by no more than that. Players hold a second or more.
PATIENCE_US: Final = 3_000_000
MOST_US: Final = 1_000_000
# What is late for longer is too slow: 200 ms are what the promise for the added delay (250 ms) leaves room for.
LATEST_US: Final = 200_000
# In time again. What leaves out one frame after the other does not get there, from 11 frames a second on.
IN_TIME_US: Final = 100_000


class Lateness:
    """Ask it before each frame is made."""

    def __init__(self) -> None:
        self._since_us: int | None = None

    def excess(self, late_us: int, now_us: int) -> int:
        """Return by how many microseconds a frame that is `late_us` late is too late; 0: it is to be made."""
        if late_us <= IN_TIME_US:
            self._since_us = None
            return 0
        if self._since_us is None:
            self._since_us = now_us
        patient = now_us - self._since_us < PATIENCE_US
        return max(0, late_us - (MOST_US if patient else LATEST_US))
