"""Heartbeat: how a worker finds out that one of its children stands still.

Worker and children share a few pages of memory. Each child has a *slot* there with two counters: the turns of its event
loop, and how often all of its output has got on. Writing them takes a microsecond, wakes nobody and can never block;
the worker looks twice a second. A child of which one counter rests for `STILL` seconds is stuck: its event loop in a
call that does not return, its mixer in a dead lock, its encoder in an endless loop.

A machine that was asleep, or that is so busy that the worker itself came late, must not cost all tasks their child: the
time in which the worker did not look does not count, and at most one child is given up at a look. Nor does the time
count, up to a limit, in which a child had something to do and got no processor: to start it again would cost even more.
"""

import mmap
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tailrace.worker.run_delay import run_delays, waited

# Four signs of life a second: with the worker's two looks a second that makes STILL exact to 0.75 s.
BEAT_EACH = 0.25
LOOK_EACH = 0.5
# A lease lasts as long (`worker.ack_wait`). The longest call that is meant to be in a child's event loop is the closing
# of a mixer, which waits for one picture to be encoded: 0.2 s. The slowest output, 1 frame a second, gets on as often.
STILL = 3.0
# Of a child that rests, so much waiting for a processor does not count: on a machine with five times more work than
# processors it still has a whole STILL for itself. What stands still beside threads that wait is found after all.
MOST_WAITING = 4 * STILL
# How many children one worker can watch. A page that nobody has written to takes no memory.
SLOTS = 4096

_SLOT = struct.Struct("=QQQ")


@dataclass(frozen=True, slots=True)
class Signs:
    """The two counters of a child; what they are does not matter, only that they change. `pid`: 0 before it began."""

    turns: int
    output: int
    pid: int = 0


class Page:
    """The memory that a worker shares with all its children. Make it before the process that forks them."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * _SLOT.size)

    def read(self, slot: int) -> Signs:
        """Return a child's counters."""
        return Signs(*_SLOT.unpack_from(self._memory, slot * _SLOT.size))

    def write(self, slot: int, signs: Signs) -> None:
        """Set a child's counters. Each slot has one writer, and is read as a whole or half old, half new: both do."""
        _SLOT.pack_into(self._memory, slot * _SLOT.size, signs.turns, signs.output, signs.pid)


class Pulse:
    """The child's hand on its slot."""

    def __init__(self, page: Page, slot: int) -> None:
        self._page = page
        self._slot = slot
        self._signs = page.read(slot)
        self._made: Sequence[int] = ()

    def beat(self, made: Sequence[int]) -> None:
        """Give a sign of life; call it each BEAT_EACH.

        `made` counts what was made so far of each kind that must come all the time, such as pictures and sound of a
        mix, or of what waits for a transcoder; it is empty while nothing must come.
        """
        got_on = len(made) != len(self._made) or all(
            now != before for now, before in zip(made, self._made, strict=True)
        )
        if got_on:
            self._made = tuple(made)
        self._signs = Signs(self._signs.turns + 1, self._signs.output + got_on, os.getpid())
        self._page.write(self._slot, self._signs)


@dataclass(slots=True)
class _Seen:
    signs: Signs
    turned_at: float
    got_on_at: float
    delays: Mapping[int, float] = field(default_factory=dict)  # as of the last look at which it rested
    waited: float = 0.0  # seconds that did not count since it rests


class Watch:
    """Judges by the children's counters. It has no clock; times are monotonic seconds.

    `delays` returns how long each thread of a process has waited for a processor.
    """

    def __init__(self, delays: Callable[[int], Mapping[int, float]] = run_delays) -> None:
        self._delays = delays
        self._seen: dict[int, _Seen] = {}
        self._looked_at: float | None = None

    def look(self, slots: Mapping[int, Signs], now: float) -> tuple[int, float] | None:
        """Take the counters of all children that run; return the slot of one that is stuck, and for how many seconds.

        Who is returned is forgotten: it has a whole period again, in which it can be killed.
        """
        late = 0.0 if self._looked_at is None else max(0.0, now - self._looked_at - LOOK_EACH)
        self._looked_at = now
        for slot in self._seen.keys() - slots.keys():
            del self._seen[slot]
        for slot, signs in slots.items():
            seen = self._seen.setdefault(slot, _Seen(signs, now, now))
            turned, got_on = signs.turns != seen.signs.turns, signs.output != seen.signs.output
            if turned and got_on:
                seen.delays, seen.waited = {}, 0.0
                uncounted = 0.0
            else:
                uncounted = max(late, self._excused(seen, signs.pid))
            seen.turned_at = now if turned else seen.turned_at + uncounted
            seen.got_on_at = now if got_on else seen.got_on_at + uncounted
            seen.signs = signs
        return self._stuck_longest(self._seen.items(), now)

    def _excused(self, seen: _Seen, pid: int) -> float:
        """Return for how long since the last look it rested only because it got no processor."""
        before, seen.delays = seen.delays, self._delays(pid)
        seconds = min(waited(before, seen.delays), MOST_WAITING - seen.waited)
        seen.waited += seconds
        return seconds

    def _stuck_longest(self, seen: Iterable[tuple[int, _Seen]], now: float) -> tuple[int, float] | None:
        since, slot = min(((min(s.turned_at, s.got_on_at), slot) for slot, s in seen), default=(now, -1))
        if now - since < STILL:
            return None
        del self._seen[slot]
        return slot, now - since
