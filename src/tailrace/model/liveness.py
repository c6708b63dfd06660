"""Liveness: whether a task's publishers have been away for so long that the task ends (AgentParams.MaxIdleTime).

Presence counts, not data (spec/02 section 5, "Idle stop"), and the time before anybody came counts too.
"""

from collections.abc import Hashable


class Liveness:
    """Counts who is present. `max_idle` and all times are seconds on one clock."""

    def __init__(self, max_idle: float, now: float) -> None:
        self._max_idle = max_idle
        self._present: set[Hashable] = set()
        self._idle_since = now

    def joined(self, member: Hashable) -> None:
        """Somebody who takes part is there."""
        self._present.add(member)

    def left(self, member: Hashable, now: float) -> None:
        """Somebody who took part is gone; leaving twice is harmless."""
        if member in self._present:
            self._present.discard(member)
            if not self._present:
                self._idle_since = now

    @property
    def deadline(self) -> float | None:
        """When the task ends if nobody comes; None while somebody is there."""
        return None if self._present else self._idle_since + self._max_idle
