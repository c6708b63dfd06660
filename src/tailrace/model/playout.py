"""Playout: from one publishing session's clock to the output's, so that what arrives unevenly is shown evenly.

A unit's *transit* is its arrival minus its own time: how long it took, plus an unknown difference of the two clocks.
The fastest transit of the last seconds is the clocks' difference as well as it can be known; it follows a clock that
runs fast or slow. To it a *delay* is added, the room for units that take longer than the fastest. When units come later
than they are due, the delay grows at once, since something is missing already; when the network is calm it shrinks too
slowly to be heard. Sound and pictures of a session share one Playout, which keeps them together.

All times are integer microseconds: `pts` on the publisher's clock, `now` and results on the output's.
"""

from collections import deque
from dataclasses import dataclass

# What RTMP over the internet mostly needs; the promise for the whole mix is 250 ms.
FIRST_DELAY_US = 80_000
# Two pictures at 50 per second, or two frames of AAC: less than that, and every late thread is seen.
SMALLEST_DELAY_US = 40_000
# Who is later than that is not waited for: people cannot talk with each other any more.
LARGEST_DELAY_US = 1_000_000
# A unit is needed this long before it is due: a picture must be decoded, sound is looked at 5 ms ahead.
LEAD_US = 10_000
# How much more than the latest unit needs is given, so that the next one, a little later still, is in time too.
MARGIN_US = 30_000

# How much of the past counts: at 200 ppm (two poor quartz clocks) the fastest transit of 10 s is 2 ms old at most, and
# a network that stalls more often than that deserves the longer delay.
WINDOW_SECONDS = 10

# Together 0.5 %, a twelfth of a semitone: sound that is stretched by as much sounds the same.
CLOCK_SLEW_PER_MILLE = 3
DELAY_SLEW_PER_MILLE = 2
# A larger error of the clock would take more than half a minute at that pace; then rather one jump.
LARGEST_SLEW_US = 100_000
# The group of pictures that comes first says nothing of the network; it takes no longer than this to be taken in.
SETTLING_US = 500_000
# So long all units must be later than LARGEST_DELAY_US until we believe that the clock was set, or the way became
# longer for good; the rest of a stall comes in a shorter time.
BELIEVED_AFTER_US = 200_000


@dataclass(slots=True)
class _Second:
    """What came within one second: the fastest transit, and by how much the slowest one was slower than the clock."""

    number: int
    fastest_us: int
    spread_us: int = 0


class Playout:
    """Feed it arrivals; `at` says when a unit is due. `late` counts the units that came after they were due."""

    def __init__(self) -> None:
        self.late = 0
        self._delay_us = FIRST_DELAY_US
        self._clock_us = 0  # the transit that at() counts from; follows the fastest one
        self._primed = False  # whether _clock_us says anything
        self._window: deque[_Second] = deque()  # ends with the present second
        # Of the seconds before the present one, so that an arrival costs no look at all of them:
        self._fastest_us: int | None = None
        self._spreads_us: list[int] = []  # the two largest, the largest first
        # Of all seconds. Both change with the window alone; `arrived` is called 60 times a second for each person.
        self._spread_us = 0
        self._wanted_us = FIRST_DELAY_US
        self._began_us: int | None = None
        self._now_us = 0
        self._strange_since_us: int | None = None
        self._strange_us = 0  # the fastest of the transits that are too long to be believed

    @property
    def delay_us(self) -> int:
        """How much later than at the fastest units are due."""
        return self._delay_us

    @property
    def offset_us(self) -> int:
        """What `at` adds, 0 before the first unit."""
        return self._clock_us + self._delay_us if self._primed else 0

    def at(self, pts_us: int) -> int:
        """Return the output time at which `pts_us` is due."""
        return pts_us + self.offset_us

    def arrived(self, pts_us: int, now_us: int) -> None:
        """Take the arrival of a live unit (video: its decoding time)."""
        transit_us = now_us - pts_us
        if self._began_us is None:
            self._began_us = self._now_us = now_us
            self._clock_us, self._primed = transit_us, True
        elapsed_us = 0
        if now_us > self._now_us:
            elapsed_us, self._now_us = now_us - self._now_us, now_us
        if transit_us > self._clock_us + self._delay_us:
            self.late += 1
        if transit_us - self._clock_us > LARGEST_DELAY_US:
            self._doubt(transit_us)
            return
        self._strange_since_us = None
        self._note(transit_us)
        self._follow_clock(elapsed_us)
        self._follow_jitter(elapsed_us)

    def joined(self, pts_us: int, now_us: int) -> None:
        """Take a unit of the group of pictures so far, which was asked for: it is old, and counts only until something
        live has come.
        """
        if self._began_us is None:
            transit_us = now_us - pts_us
            self._clock_us = min(self._clock_us, transit_us) if self._primed else transit_us
            self._primed = True

    def _doubt(self, transit_us: int) -> None:
        """Take a unit from far in the past: of the first group of pictures, of a stall, or of a clock that was set."""
        if self._strange_since_us is None:
            self._strange_since_us, self._strange_us = self._now_us, transit_us
        self._strange_us = min(self._strange_us, transit_us)
        if self._now_us - self._strange_since_us >= BELIEVED_AFTER_US:
            self._strange_since_us = None
            self._window.clear()
            self._clock_us = self._strange_us
            self._note(self._strange_us)

    def _note(self, transit_us: int) -> None:
        number = self._now_us // 1_000_000
        if not self._window or self._window[-1].number != number:
            self._begin_second(_Second(number, transit_us))
        second = self._window[-1]
        if transit_us < second.fastest_us:
            second.fastest_us = transit_us
        if transit_us - self._clock_us > second.spread_us and not self._settling:
            second.spread_us = transit_us - self._clock_us
            self._weigh_spreads()

    def _begin_second(self, second: _Second) -> None:
        while self._window and self._window[0].number <= second.number - WINDOW_SECONDS:
            self._window.popleft()
        self._fastest_us = min((earlier.fastest_us for earlier in self._window), default=None)
        self._spreads_us = sorted((earlier.spread_us for earlier in self._window), reverse=True)[:2]
        self._window.append(second)
        self._weigh_spreads()

    def _weigh_spreads(self) -> None:
        spread_us = self._window[-1].spread_us
        if len(self._window) > WINDOW_SECONDS // 2:
            # The second largest of all: one bad second in ten is forgiven, the delay would cost more than a short gap.
            spread_us = min(max(spread_us, self._spreads_us[1]), self._spreads_us[0])
        elif self._spreads_us:
            spread_us = max(spread_us, self._spreads_us[0])
        self._spread_us = spread_us
        self._wanted_us = min(max(spread_us + MARGIN_US, SMALLEST_DELAY_US), LARGEST_DELAY_US)

    @property
    def _settling(self) -> bool:
        return self._began_us is not None and self._now_us - self._began_us < SETTLING_US

    def _follow_clock(self, elapsed_us: int) -> None:
        fastest_us = self._window[-1].fastest_us
        if self._fastest_us is not None and self._fastest_us < fastest_us:
            fastest_us = self._fastest_us
        ahead_us = self._clock_us - fastest_us
        if not ahead_us:
            return
        if ahead_us > (0 if self._settling else LARGEST_SLEW_US):
            self._clock_us = fastest_us
        else:
            self._clock_us = _towards(fastest_us, self._clock_us, elapsed_us * CLOCK_SLEW_PER_MILLE // 1000)

    def _follow_jitter(self, elapsed_us: int) -> None:
        if self._spread_us + LEAD_US > self._delay_us:
            self._delay_us = self._wanted_us
        elif self._delay_us != self._wanted_us:
            step_us = elapsed_us * DELAY_SLEW_PER_MILLE // 1000
            self._delay_us = _towards(self._wanted_us, self._delay_us, step_us)


def _towards(goal: int, here: int, step: int) -> int:
    """Return `here`, moved towards `goal` by at most `step`."""
    return here + max(-step, min(step, goal - here))
