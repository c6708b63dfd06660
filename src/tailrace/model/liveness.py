"""Liveness: whether a task's publishers have been away for so long that the task ends (AgentParams.MaxIdleTime).

Presence counts, not data (spec/02 section 5, "Idle stop"), and the time before anybody came counts too.
"""


class Liveness:
    """`max_idle` and all times are seconds on one clock."""

    def __init__(self, max_idle: float, now: float) -> None:
        self._max_idle = max_idle
        self._idle_since: float | None = now

    def present(self, anybody: bool, now: float) -> None:
        """Take note of whether anybody who takes part is there; the same news twice is harmless."""
        if anybody:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now

    @property
    def deadline(self) -> float | None:
        """When the task ends if nobody comes; None while somebody is there."""
        return None if self._idle_since is None else self._idle_since + self._max_idle
