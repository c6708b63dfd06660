"""Push rate: the bit rate of one destination."""

from collections import deque

# The bit rate is averaged over so long: the usual distance of key frames, so that one does not make it jump.
RATE_SPAN = 2.0
# How long a caller sees no bit rate at the beginning; each look costs microseconds.
RATE_STEP = 0.5


class Rate:
    """Bit rate over the last RATE_SPAN seconds, or as many as there were, in kbit/s."""

    def __init__(self) -> None:
        self.kbps = 0.0
        self._looks: deque[tuple[int, float]] = deque(maxlen=round(RATE_SPAN / RATE_STEP) + 1)

    def look(self, sent_bytes: int, now: float) -> None:
        """Take note of the bytes sent so far, each RATE_STEP; `now` in seconds."""
        self._looks.append((sent_bytes, now))
        before, since = self._looks[0]
        if now > since:
            self.kbps = round((sent_bytes - before) * 8 / 1000 / (now - since), 1)
