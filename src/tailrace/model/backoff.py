"""Backoff: how long to wait before the next try, growing and jittered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses of `first`, twice that, and so on up to `most` seconds, each shortened by up to half by chance.

    The jitter keeps a thousand relays from calling a restarted CDN in the same millisecond.
    """

    first: float
    most: float

    def pause(self, tries: int, chance: float) -> float:
        """Return the seconds to wait after `tries` failures (1 or more). `chance` is a random number in [0, 1)."""
        # 2**30 times any pause is over any ceiling; the exponent is bounded so that endless tries cannot overflow.
        full = min(self.most, self.first * 2.0 ** min(tries - 1, 30))
        return float(full * (1 - chance / 2))
