"""The clock of one track: RTP timestamps to microseconds on the session's clock, never going back.

The clock begins at the arrival of the track's first packet and then counts timestamps, so that the network's jitter is
not in the times. What sender reports say is wrong with that (`alignment.py`) is a `shift`, which is reached little by
little, or at once and only forward. Timestamps that jump, as those of an encoder that began again, are joined to what
was before by the time that has passed: a documented step.
"""

_WRAP = 1 << 32
_HALF = 1 << 31
# As for RTMP (`ingest/intake.py`): a larger step is no media but a restarted clock or garbage.
LARGEST_STEP_US = 10_000_000


class TrackClock:
    """`rate_hz` of its timestamps; `slew`: the part of the time that passes by which a shift may grow or shrink."""

    __slots__ = (
        "_arrival_us",
        "_base",
        "_base_us",
        "_broken",
        "_last",
        "_rate",
        "_raw_us",
        "_slew",
        "_us",
        "restarts",
        "shift_us",
        "target_us",
    )

    def __init__(self, rate_hz: int, slew: float) -> None:
        self.shift_us = 0.0
        self.target_us = 0.0  # what the shift is to become
        self._rate = rate_hz / 1_000_000
        self._slew = slew
        self._base: int | None = None  # a timestamp, extended, and its time
        self._base_us = 0.0
        self._last = 0  # the last one that `at` was asked for, extended
        self._raw_us = 0.0  # its time without the shift
        self._us = 0  # and with it
        self._arrival_us = 0
        self._broken = False
        self.restarts = 0  # how often the clock had to be joined anew

    def begin(self, timestamp: int, now_us: int) -> None:
        """Let the clock begin; nothing happens when it has begun."""
        if self._base is None:
            self._base = self._last = timestamp
            self._base_us = self._raw_us = self._us = self._arrival_us = now_us

    def step(self, timestamp: int) -> float:
        """Return by how many microseconds a timestamp is later than the last one; negative: earlier."""
        return ((timestamp - self._last + _HALF) % _WRAP - _HALF) / self._rate

    def at(self, timestamp: int, now_us: int) -> int:
        """Return the time of a timestamp that arrived now."""
        if self._base is None:
            self.begin(timestamp, now_us)
            return now_us
        delta = (timestamp - self._last + _HALF) % _WRAP - _HALF
        passed_us = now_us - self._arrival_us
        self._arrival_us = now_us
        if delta < 0 or self._broken or abs(delta / self._rate - passed_us) > LARGEST_STEP_US:
            self._broken = False
            self.restarts += 1
            self._last += delta
            self._base, self._base_us = self._last, self._us + max(passed_us, 0)
            self._raw_us, self.shift_us, self.target_us = self._base_us, 0.0, 0.0
            self._us = int(self._base_us)
            return self._us
        self._last += delta
        raw_us = self._base_us + (self._last - self._base) / self._rate
        if self.shift_us != self.target_us:
            most = (raw_us - self._raw_us) * self._slew
            self.shift_us += min(max(self.target_us - self.shift_us, -most), most)
        self._raw_us = raw_us
        self._us = max(self._us, round(raw_us + self.shift_us))
        return self._us

    def break_off(self) -> None:
        """What comes next has another clock."""
        self._broken = True

    def jump(self) -> None:
        """Let the shift become its target at once; only forward."""
        self.shift_us = max(self.shift_us, self.target_us)

    def raw(self, timestamp: int, now_us: int) -> float | None:
        """Return the time of any timestamp, without the shift; None when it is not near the ones that come now."""
        if self._base is None:
            return None
        delta_us = self.step(timestamp)
        if abs(delta_us - (now_us - self._arrival_us)) > LARGEST_STEP_US:
            return None
        return self._raw_us + delta_us
