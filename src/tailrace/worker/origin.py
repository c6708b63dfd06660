"""Origin: when the output's time 0 was, as it is now and as the task's record knows it."""

from collections.abc import Callable

from tailrace.clock import Clock


class Origin:
    """The Unix time of output time 0, in seconds; it moves when a source's clock does.

    `recorded` is what the record says at first, 0.0 for nothing. `known` is called once the output has begun and the
    record's origin is not later than its own: who goes on with the task then begins later than all that is sent.
    """

    def __init__(self, recorded: float, clock: Clock, known: Callable[[], None]) -> None:
        self.at = self._recorded = recorded
        self._clock = clock
        self._known = known
        self._has_begun = False

    def began(self, now_us: int) -> None:
        """Take note that the output time, in microseconds, is now this."""
        self.at = self._clock.unix() - now_us / 1_000_000
        self._has_begun = True
        self._see()

    def recorded(self, origin: float) -> None:
        """Take note that the record has this origin now."""
        self._recorded = origin
        self._see()

    def now_us(self) -> int:
        """Return the output time that is now, in microseconds; 0 before it is known."""
        return int((self._clock.unix() - self.at) * 1_000_000) if self.at else 0

    def _see(self) -> None:
        if self._has_begun and 0.0 < self._recorded <= self.at:
            self._known()
