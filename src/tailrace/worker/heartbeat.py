"""Heartbeat: how a worker finds out that one of its children stands still.

Worker and children share a few pages of memory. Each child has a *slot* there with two counters: the turns of its event
loop, and how often all of its output has got on. Writing them takes a microsecond, wakes nobody and can never block;
the worker looks twice a second. A child of which one counter rests for `STILL` seconds is stuck: its event loop in a
call that does not return, its mixer in a dead lock, its encoder in an endless loop.

A machine that was asleep, or that is so busy that the worker itself came late, must not cost all tasks their child: the
time in which the worker did not look does not count, and at most one child is given up at a look.
"""

import mmap
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Four signs of life a second: with the worker's two looks a second that makes STILL exact to 0.75 s.
BEAT_EACH = 0.25
LOOK_EACH = 0.5
# A lease lasts as long (`worker.ack_wait`). The longest call that is meant to be in a child's event loop is the closing
# of a mixer, which waits for one picture to be encoded: 0.2 s. The slowest output, 1 frame a second, gets on as often.
STILL = 3.0
# How many children one worker can watch. A page that nobody has written to takes no memory.
SLOTS = 4096

_SLOT = struct.Struct("=QQ")


@dataclass(frozen=True, slots=True)
class Signs:
    """The two counters of a child; what they are does not matter, only that they change."""

    turns: int
    output: int


class Page:
    """The memory that a worker shares with all its children. Make it before the process that forks them."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * _SLOT.size)

    def read(self, slot: int) -> Signs:
        """Return a child's counters."""
        return Signs(*_SLOT.unpack_from(self._memory, slot * _SLOT.size))

    def write(self, slot: int, signs: Signs) -> None:
        """Set a child's counters. Each slot has one writer, and is read as a whole or half old, half new: both do."""
        _SLOT.pack_into(self._memory, slot * _SLOT.size, signs.turns, signs.output)


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
        self._signs = Signs(self._signs.turns + 1, self._signs.output + got_on)
        self._page.write(self._slot, self._signs)


@dataclass(slots=True)
class _Seen:
    signs: Signs
    turned_at: float
    got_on_at: float


class Watch:
    """Judges by the children's counters. It has no clock; times are monotonic seconds."""

    def __init__(self) -> None:
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
            seen.turned_at = now if signs.turns != seen.signs.turns else seen.turned_at + late
            seen.got_on_at = now if signs.output != seen.signs.output else seen.got_on_at + late
            seen.signs = signs
        return self._stuck_longest(self._seen.items(), now)

    def _stuck_longest(self, seen: Iterable[tuple[int, _Seen]], now: float) -> tuple[int, float] | None:
        since, slot = min(((min(s.turned_at, s.got_on_at), slot) for slot, s in seen), default=(now, -1))
        if now - since < STILL:
            return None
        del self._seen[slot]
        return slot, now - since
