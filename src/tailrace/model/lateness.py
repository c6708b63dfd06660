"""Lateness: which frames of an output that is made too late are left out, and which are made up for."""

from typing import Final

# 200 ms are what the promise for the added delay (250 ms) leaves room for.
LATEST_US: Final = 200_000
# A machine that stood still for a moment makes up for it, since making frames takes less than their time: for so long
# it may be later, by no more than that. Players hold a second or more.
PATIENCE_US: Final = 3_000_000
MOST_US: Final = 1_000_000
# One that is late again before that is too slow: leaving out frame after frame, it is late several times a second.
QUIET_US: Final = 10_000_000


class Lateness:
    """Ask it before each frame is made."""

    def __init__(self) -> None:
        self._first_us: int | None = None
        self._last_us = 0

    def excess(self, late_us: int, now_us: int) -> int:
        """Return by how many microseconds a frame that is `late_us` late is too late; 0: it is to be made."""
        if late_us <= LATEST_US:
            return 0
        if self._first_us is None or now_us - self._last_us >= QUIET_US:
            self._first_us = now_us
        self._last_us = now_us
        patient = now_us - self._first_us < PATIENCE_US
        return max(0, late_us - (MOST_US if patient else LATEST_US))
