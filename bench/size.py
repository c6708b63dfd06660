"""Size: how much is measured, so that a whole run ends within 12 minutes and a quick one within 3."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Counts, and lengths in seconds."""

    clip: int
    """Length of the clip that is played in a loop."""
    starts: int
    """Relays that are started and stopped by each contender."""
    relays: tuple[int, ...]
    """How many run at once while their cost is measured."""
    rounds: int
    """How often each number of relays is measured; contenders take turns."""
    window: float
    """Length of one measurement of cost."""
    delay: float
    """How long frames are followed."""
    api: float
    """Length of one load on the API."""
    serves: int
    """Starts of `tailrace serve`."""


FULL = Size(clip=30, starts=30, relays=(1, 10, 40), rounds=1, window=15, delay=20, api=6, serves=5)
QUICK = Size(clip=16, starts=4, relays=(1, 10), rounds=1, window=5, delay=8, api=2, serves=2)
