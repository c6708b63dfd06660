"""Size: how much is measured, so that a whole run ends within 25 minutes and a quick one within 5."""

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
    gaps: int
    """How often each process is killed."""
    mixes: int
    """Cases of mixing, from the first on."""
    mix_window: float
    """How long each contender's mix is measured."""
    mix_turns: int
    """How often; the middle one counts."""
    mix_starts: int
    """Mixes that are started and stopped; of a peer, a third of that."""
    publishers: tuple[int, ...]
    """How many browsers publish at once while their cost is measured."""
    viewers: int
    """How many more watch while theirs is."""


FULL = Size(
    clip=30,
    starts=30,
    relays=(1, 10, 40),
    rounds=1,
    window=15,
    delay=20,
    api=6,
    serves=5,
    gaps=30,
    mixes=3,
    mix_window=12,
    mix_turns=3,
    mix_starts=12,
    publishers=(1, 10, 30),
    viewers=10,
)
QUICK = Size(
    clip=16,
    starts=4,
    relays=(1, 10),
    rounds=1,
    window=5,
    delay=8,
    api=2,
    serves=2,
    gaps=3,
    mixes=1,
    mix_window=6,
    mix_turns=1,
    mix_starts=3,
    publishers=(10,),
    viewers=5,
)
