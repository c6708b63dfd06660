"""ManualClock: time that passes when a test says so."""


class ManualClock:
    """Both of its times are the same, in seconds, and stand still until they are moved on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds be over."""
        self.now += seconds

    def unix(self) -> float:
        """Return the time."""
        return self.now

    def monotonic(self) -> float:
        """Return the time."""
        return self.now
