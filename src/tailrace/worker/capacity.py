"""Capacity: the room of this worker: measured each second, told to the others, and asked before a task is taken."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tailrace.bus.connection import Bus
from tailrace.bus.crew import HEARTBEAT, Hand, announce
from tailrace.config import WorkerSettings
from tailrace.errors import BusError
from tailrace.ids import TaskId
from tailrace.model.need import Need
from tailrace.model.room_left import Resource, RoomLeft, room_left
from tailrace.worker.machine import Snapshot, measure

_log = logging.getLogger(__name__)

# Processor time is looked at over so many seconds: a key frame or a garbage collection is no busy machine.
WINDOW = 3.0
# A task is known by its estimate until its push has begun, which a slow CDN may hold up, and WINDOW has passed.
SETTLED = 10.0
# A look at a hundred tasks takes 8 ms; in a burst of starts one look does for several.
LOOK_EACH = 0.2


class Reads(Protocol):
    """Reads what the machine has and uses (`Machine`)."""

    def read(self, now: float) -> Snapshot:
        """Return it."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    need: Need
    since: float


class Capacity:
    """What this worker holds and could still take. `now` returns monotonic seconds."""

    def __init__(self, settings: WorkerSettings, machine: Reads, now: Callable[[], float]) -> None:
        self._settings = settings
        self._machine = machine
        self._now = now
        self._held: dict[TaskId, _Held] = {}
        self._seen: deque[Snapshot] = deque([machine.read(now())])
        self._news = asyncio.Event()
        self._draining = False

    def drain(self) -> None:
        """Say from now on that no more tasks are taken."""
        self._draining = True
        self._news.set()

    def take(self, task_id: TaskId, need: Need, *, resumed: bool) -> Resource | None:
        """Hold a task that fits; return what is short when it does not."""
        short = self.left().short_of(need, resumed=resumed)
        if short is None:
            self._held[task_id] = _Held(need, self._now())
            self._news.set()
        return short

    def drop(self, task_id: TaskId) -> None:
        """Forget a task that has ended."""
        self._held.pop(task_id, None)
        self._news.set()

    def left(self) -> RoomLeft:
        """Return what is left at this moment."""
        now = self._now()
        while len(self._seen) > 1 and self._seen[1].at <= now - WINDOW:
            self._seen.popleft()
        if now - self._seen[-1].at >= LOOK_EACH:
            self._seen.append(self._machine.read(now))
        return room_left(
            measure(self._seen[0], self._seen[-1], SETTLED),
            self._settings.max_tasks - len(self._held),
            [held.need for held in self._held.values() if held.since > now - SETTLED],
            empty=not self._held,
            max_cpu=self._settings.max_cpu,
            max_memory=self._settings.max_memory,
        )

    async def tell(self, bus: Bus, name: str) -> None:
        """Say what is left each second, and at once when a task was taken or has ended, until cancelled; then that."""
        try:
            while True:
                self._news.clear()
                left = RoomLeft(0) if self._draining else self.left()
                await _announce(bus, Hand(name, len(self._held), left, draining=self._draining))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT):
                        await self._news.wait()
        finally:
            await _announce(bus, Hand(name, len(self._held), RoomLeft(0), there=False))


async def _announce(bus: Bus, hand: Hand) -> None:
    try:
        await announce(bus, hand)
    except BusError as error:
        # Who hears nothing takes this worker for gone, and refuses nothing because of it.
        _log.warning("room left not told", extra={"error": str(error)})
