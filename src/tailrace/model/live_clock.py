"""LiveClock: a publisher's times on our own clock, so that they go on when it comes back with another clock."""

# A publisher whose clock is off by so much has restarted or jumped. It is more than tracks are apart and networks are
# late, and less than what a player would wait for.
LARGEST_OFFSET_US = 2_000_000


class LiveClock:
    """Times are microseconds. Both tracks of a session are moved by the same amount, so they stay in sync."""

    def __init__(self) -> None:
        self._session: int | None = None
        self._offset_us = 0

    def observe(self, session: int, pts_us: int, now_us: int) -> None:
        """Take note that the newest unit of a session, of time `pts_us`, came at `now_us`."""
        if session == self._session and abs(pts_us + self._offset_us - now_us) <= LARGEST_OFFSET_US:
            return
        self._session, self._offset_us = session, now_us - pts_us

    def time_us(self, pts_us: int) -> int:
        """Return a time of the session that was observed last on our clock."""
        return pts_us + self._offset_us
