"""Clock: where the time comes from, so that tests can hand in their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two times in seconds: one that only moves forward, and the time of day."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; for measuring spans."""
        ...

    def unix(self) -> float:
        """Seconds since 1970-01-01 UTC; for time stamps that other machines read."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def unix(self) -> float:
        """Return `time.time()`."""
        return time.time()
