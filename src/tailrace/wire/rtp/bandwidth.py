"""How much a sender may send that knows REMB only: by loss, as draft-ietf-rmcat-gcc-02 section 6 says.

Senders with transport-wide feedback, which is every browser, decide that themselves; this is for the others.
"""

PERIOD = 1.0
_FIRST = 1_000_000
# Below this no picture is worth looking at; above it are pictures of 1080p with 60 frames.
LEAST, MOST = 150_000, 8_000_000
# Section 6: more than 10 % lost is too much, below 2 % there is room for 8 % more.
_TOO_MUCH, _LITTLE = 0.10, 0.02
_GROWTH = 1.08
# A sender that does not use what it may shall not be allowed ever more, for a moment when it does.
_HEADROOM = 1.5


class Bandwidth:
    """An estimate in bits per second, from what came and what did not."""

    __slots__ = ("_due", "_expected", "_octets", "_packets", "_since", "estimate")

    def __init__(self) -> None:
        self.estimate = _FIRST
        self._due = 0.0
        self._since = 0.0
        self._octets = self._packets = self._expected = 0

    def update(self, octets: int, packets: int, expected: int, now: float) -> int | None:
        """Take counts since the beginning; return the new estimate, or None when it is not time for one."""
        if now < self._due:
            return None
        self._due = now + PERIOD
        lasted, self._since = now - self._since, now
        octets_since, self._octets = octets - self._octets, octets
        packets_since, self._packets = packets - self._packets, packets
        expected_since, self._expected = expected - self._expected, expected
        if expected_since <= 0 or lasted <= 0:
            return self.estimate
        lost = max(1 - packets_since / expected_since, 0.0)
        if lost > _TOO_MUCH:
            self.estimate = int(self.estimate * (1 - 0.5 * lost))
        elif lost < _LITTLE:
            allowed = int(octets_since * 8 / lasted * _HEADROOM)
            self.estimate = max(self.estimate, min(int(self.estimate * _GROWTH), allowed))
        self.estimate = min(max(self.estimate, LEAST), MOST)
        return self.estimate
