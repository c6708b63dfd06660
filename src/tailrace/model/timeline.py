"""Timeline: from the publishers' clocks to the one clock of a task's output.

Output times begin near 0, never go back and never jump: not when a publisher leaves and returns, not when its encoder
restarts its clock, not when another worker takes the task over. All tracks of one publishing session keep one common
offset, so that sound and picture stay together. What fills a gap in the source takes its part of the output time, too.
"""

from dataclasses import dataclass

from tailrace.ids import Kind

# A larger step is a publisher's restarted clock or a gap in its stream, not media: the lowest rate that the API knows
# is 1 frame per second, and a lost frame makes that 2 s; encoders interleave their tracks within 1 s.
LARGEST_STEP_US = 3_000_000
# Where the first unit after a break goes: one frame at 25 per second after the last one.
STEP_AFTER_BREAK_US = 40_000
# Two units of a track are at least this far apart, since RTMP counts milliseconds.
SMALLEST_STEP_US = 1_000


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a unit stands on the output clock, and whether a break in the source was closed there."""

    dts_us: int
    pts_us: int
    rejoined: bool


class Timeline:
    """Gives each unit its output time; the first one goes to `start_us`, where a task that is taken over goes on."""

    def __init__(self, start_us: int = 0) -> None:
        self._end_us = start_us - STEP_AFTER_BREAK_US
        self._first_us = start_us
        self._session: int | None = None
        self._offset_us = 0
        self._last_in_us: int | None = None  # None: any step is right
        self._last_out_us: dict[Kind, int] = {}

    @property
    def end_us(self) -> int:
        """The latest output time given so far."""
        return self._end_us

    def last_us(self, kind: Kind) -> int | None:
        """Return the latest output time of a track; None while it has none."""
        return self._last_out_us.get(kind)

    def is_over(self, session: int) -> bool:
        """Return whether a later session has taken the place of this one."""
        return self._session is not None and session < self._session

    def expected(self, session: int, dts_us: int) -> int | None:
        """Return where a time of a publishing session belongs if its clock goes on; None for one that is not known."""
        return dts_us + self._offset_us if session == self._session else None

    def anchor(self, session: int, dts_us: int, at_us: int) -> bool:
        """Put `dts_us` of a session at `at_us` from now on. Return whether that moves what comes.

        What is earlier, such as the rest of its group of pictures, is moved by `place` as far as it must be.
        """
        offset = at_us - dts_us
        moved = (session, offset) != (self._session, self._offset_us)
        self._session, self._offset_us, self._last_in_us = session, offset, None
        return moved

    def fill(self, kind: Kind, out_us: int) -> None:
        """Take note that something else than a unit was put on the output."""
        self._last_out_us[kind] = max(out_us, self._last_out_us.get(kind, out_us))
        self._end_us = max(self._end_us, out_us)

    def place(self, kind: Kind, session: int, dts_us: int, pts_us: int) -> Placed | None:
        """Return where a unit goes.

        None: leave it out, because a later session has replaced its own, or because it is sound from before the
        point where the output has arrived. A picture is never left out, others may need it: it is moved by a little.
        """
        if self.is_over(session):
            return None
        jumped = self._last_in_us is not None and abs(dts_us - self._last_in_us) > LARGEST_STEP_US
        rejoined = session != self._session or jumped
        if rejoined:
            self._session = session
            self._offset_us = self._end_us + STEP_AFTER_BREAK_US - dts_us
        self._last_in_us = dts_us
        earliest = self._last_out_us.get(kind, self._first_us - SMALLEST_STEP_US) + SMALLEST_STEP_US
        out = dts_us + self._offset_us
        if out < earliest:
            if kind is Kind.AUDIO:
                return None
            out = earliest
        self._last_out_us[kind] = out
        self._end_us = max(self._end_us, out)
        return Placed(out, out + max(0, pts_us - dts_us), rejoined)
