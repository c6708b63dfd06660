"""Throttle: how often one address may ask for something that costs work before it has shown who it is."""

from collections import OrderedDict

from tailrace.model.subscriber import subscriber

# Addresses that are remembered; a stranger with more of them makes us forget the oldest, not grow.
MAX_ADDRESSES = 10_000


class Throttle:
    """A token bucket for each subscriber: `burst` calls at once, then `per_second`."""

    def __init__(self, burst: float, per_second: float, max_addresses: int = MAX_ADDRESSES) -> None:
        self._burst = burst
        self._per_second = per_second
        self._max_addresses = max_addresses
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Count a call at monotonic time `now`: 0 when it may go on, else in how many seconds the next one may."""
        who = subscriber(address)
        level, since = self._buckets.pop(who, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._per_second)
        allowed = level >= 1
        self._buckets[who] = (level - 1 if allowed else level, now)
        if len(self._buckets) > self._max_addresses:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self._per_second
