"""Journal: events on their way into the stream, in order, without anybody having to wait for them.

What is lost when the process dies is what waits here: milliseconds of events while the bus is there, all of them while
it is away. Whoever goes on with a task tells again what must not be missing; the name of an event keeps it single.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from tailrace.errors import BusError
from tailrace.model.task_event import TaskEvent
from tailrace.supervise import start, stop

_log = logging.getLogger(__name__)

# Ten destinations that all try again each second say so for most of a minute, in half a megabyte; nats-server is back
# within a second.
MOST_WAITING = 500
# While the bus is away; it is back within tenths of a second after a restart.
AGAIN = 0.25
# At an orderly end: a stop must not hang, and a nats-server that was restarted just now is back by then.
FLUSH_TIMEOUT = 2.0


class Appends(Protocol):
    """Stores an event, once for each name. Raises BusError when it is not known to be stored."""

    async def of_task(self, event: TaskEvent, name: str = "", /) -> int: ...


class Journal:
    """Writes what it is told while `writing()` is open."""

    def __init__(self, events: Appends, most: int = MOST_WAITING) -> None:
        self._events = events
        self._most = most
        self._waiting: deque[tuple[TaskEvent, str]] = deque()
        self._dropped = 0
        self._news = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()

    def add(self, event: TaskEvent, name: str) -> None:
        """Have `event` stored, once for each name (`bus/events.py`); never waits."""
        if len(self._waiting) >= self._most:
            self._make_room()
        self._waiting.append((event, name))
        self._written.clear()
        self._news.set()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write while this is open; its end waits FLUSH_TIMEOUT at most for what is still to be written."""
        async with asyncio.TaskGroup() as group:
            writer = start(group, self._write(), "journal")
            try:
                yield
            finally:
                await self._flush()
                await stop(writer)

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT):
                await self._written.wait()
        except TimeoutError:
            _log.warning("events not written", extra={"count": len(self._waiting)})

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._write_first()
            if self._dropped:
                _log.warning("events dropped", extra={"count": self._dropped})
                self._dropped = 0
            self._written.set()

    async def _write_first(self) -> None:
        try:
            await self._events.of_task(*self._waiting[0])
        except BusError as error:
            _log.warning("event not stored yet", extra={"waiting": len(self._waiting), "error": str(error)})
            await asyncio.sleep(AGAIN)
            return
        self._waiting.popleft()

    def _make_room(self) -> None:
        """Drop the oldest that only repeats what was told before, or else the oldest; the first is being stored now."""
        later = list(enumerate(self._waiting))[1:]
        repeated = (n for n, (event, _) in later if event.destination and event.destination.repeated)
        del self._waiting[next(repeated, 1)]
        self._dropped += 1
