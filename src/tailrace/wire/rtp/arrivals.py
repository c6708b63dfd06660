"""Arrivals: when each packet of a session came, for the transport-wide feedback that its sender steers its rate by."""

from tailrace.wire.rtp.rtcp_transport import TICKS_PER_SECOND, TransportFeedback

# A sender counts on hearing something each 50 to 250 ms; libwebrtc tells each 100 ms at 1 Mbit/s.
PERIOD = 0.1
# The arrivals of one packet of feedback: 100 ms at 100 Mbit/s, in a packet below 1200 bytes at one byte each.
_MOST = 1000
# A delta has 16 bits of 250 microseconds; what is older than this is not told together with what comes now.
_OLDEST_TICKS = 5 * TICKS_PER_SECOND


class Arrivals:
    """Note each packet, and take the feedback when it is due."""

    __slots__ = ("_came", "_due", "_highest", "_last_ticks", "_lowest", "_number", "_told")

    def __init__(self) -> None:
        self._came: dict[int, int] = {}  # by extended number: of the last two rounds, since packets may overtake
        self._highest = -1
        self._lowest = -1  # number that came since the last round; -1: none did
        self._told = -1  # highest number of the last round
        self._last_ticks = 0
        self._number = 0
        self._due = 0.0

    def note(self, sequence: int, now: float) -> None:
        """Note a packet by its transport-wide number."""
        ticks = int(now * TICKS_PER_SECOND)
        highest = self._highest
        if highest < 0:
            self._highest = number = sequence
        else:
            step = (sequence - highest) & 0xFFFF
            number = highest + (step if step < 0x8000 else step - 0x10000)
            if number > highest:
                self._highest = number
        if ticks - self._last_ticks > _OLDEST_TICKS or len(self._came) >= 2 * _MOST:
            self._came.clear()
            self._lowest = -1
        self._last_ticks = ticks
        self._came.setdefault(number, ticks)
        if self._lowest < 0 or number < self._lowest:
            self._lowest = number

    def feedback(self, sender: int, media: int, now: float) -> TransportFeedback | None:
        """Return what came since the last time; None when it is not due, or nothing came."""
        if now < self._due or self._lowest < 0:
            return None
        self._due = now + PERIOD
        first = min(self._lowest, self._told + 1) if self._told >= 0 else self._lowest
        first = max(first, self._highest - _MOST + 1)
        oldest = self._last_ticks - _OLDEST_TICKS
        arrivals = tuple(
            ticks if (ticks := self._came.get(number)) is not None and ticks >= oldest else None
            for number in range(first, self._highest + 1)
        )
        told_before, self._told = self._told, self._highest
        self._lowest = -1
        self._came = {number: ticks for number, ticks in self._came.items() if number > told_before}
        number, self._number = self._number, (self._number + 1) & 0xFF
        if all(ticks is None for ticks in arrivals):
            return None
        return TransportFeedback(sender, media, number, first & 0xFFFF, arrivals)
