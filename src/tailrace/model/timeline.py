"""Timeline: from the publishers' clocks to the one clock of a task's output.

Output times begin near 0, never go back and never jump: not when a publisher leaves and returns, not when its encoder
restarts its clock, not when another worker takes the task over. All tracks of one publishing session keep one common
offset, so that sound and picture stay together.
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
        self._last_in_us = 0
        self._last_out_us: dict[Kind, int] = {}

    @property
    def end_us(self) -> int:
        """The latest output time given so far."""
        return self._end_us

    def place(self, kind: Kind, session: int, dts_us: int, pts_us: int) -> Placed | None:
        """Return where a unit goes.

        None: leave it out, because a later session has replaced its own, or because it is sound from before the
        point where the output has arrived. A picture is never left out, others may need it: it is moved by a little.
        """
        if self._session is not None and session < self._session:
            return None
        rejoined = session != self._session or abs(dts_us - self._last_in_us) > LARGEST_STEP_US
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
