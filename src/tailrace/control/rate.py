"""Rate: how often one key may call one action."""

from tailrace.errors import RateExceeded


class Rate:
    """A token bucket for each (SecretId, action).

    It holds `per_second` calls and is filled at that speed; 0 is no limit. Only calls that are signed by a known key
    and name a known action get here, so there are never more buckets than keys times actions.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        # A rate below one a second still lets one call through at a time.
        self._size = max(per_second, 1.0)
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, secret_id: str, action: str, now: float) -> None:
        """Count one call at monotonic time `now`. Raises RateExceeded when the bucket is empty."""
        if not self._per_second:
            return
        level, since = self._buckets.get((secret_id, action), (self._size, now))
        level = min(self._size, level + (now - since) * self._per_second)
        taken = level >= 1
        self._buckets[secret_id, action] = (level - 1 if taken else level, now)
        if not taken:
            raise RateExceeded(f"more than {self._per_second:g} calls of {action} in a second with one key")
