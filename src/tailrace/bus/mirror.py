"""Mirror: a copy of all task records in this process, kept up by the bus, for lists that cost nothing."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tailrace.bus.bucket import Bucket, Entry
from tailrace.bus.connection import Bus
from tailrace.bus.subjects import TASKS, task_key
from tailrace.bus.tasks import RETRY, Stored, read
from tailrace.errors import BusError
from tailrace.ids import SdkAppId, TaskId

_log = logging.getLogger(__name__)


class Mirror:
    """What is stored, some milliseconds late. `run` keeps it up; `learn` lets a writer see its own write at once."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._bucket = Bucket(bus, TASKS)
        self._known: dict[str, Stored] = {}
        # Those that have not ended: ended ones are remembered for weeks, and every start counts the others.
        self._live: dict[str, Stored] = {}
        # Deleted keys too, so that a late older change does not bring a task back.
        self._revisions: dict[str, int] = {}
        self._complete = asyncio.Event()
        self._stale = asyncio.Event()
        self._notices: list[Callable[[Stored], None]] = []

    async def run(self) -> None:
        """Follow the bucket until cancelled."""
        with self._bus.reconnection(self._stale.set):
            feed = await self._bucket.watch(">", self._apply, self._stale.set)
            try:
                self._stale.set()
                while True:
                    await self._stale.wait()
                    self._stale.clear()
                    try:
                        await self._reload()
                    except BusError as error:
                        _log.warning("task records not read", extra={"error": str(error)})
                        await asyncio.sleep(RETRY)
                        self._stale.set()
            finally:
                await self._bus.unsubscribe(feed)

    async def ready(self) -> None:
        """Wait until the copy was complete once."""
        await self._complete.wait()

    def get(self, app: SdkAppId, task_id: TaskId) -> Stored | None:
        """Return a record as far as it is known here."""
        return self._known.get(task_key(app, task_id))

    def list(self, app: SdkAppId | None = None) -> list[Stored]:
        """Return the records of an app, or all."""
        return [stored for stored in self._known.values() if app is None or stored.app == app]

    def live(self) -> tuple[Stored, ...]:
        """Return the records of the tasks of all apps that have not ended."""
        return tuple(self._live.values())

    @contextmanager
    def following(self, notice: Callable[[Stored], None]) -> Iterator[None]:
        """Call `notice` with each record that becomes known or changes, for as long as this is open."""
        self._notices.append(notice)
        try:
            yield
        finally:
            self._notices.remove(notice)

    def learn(self, stored: Stored) -> None:
        """Take in what this process has just written or read."""
        self._keep(task_key(stored.app, stored.record.task_id), stored.revision, stored)

    async def _reload(self) -> None:
        before = dict(self._revisions)
        listed = {entry.key: entry for entry in await self._bucket.list(">")}
        for entry in listed.values():
            self._apply(entry)
        for key, revision in before.items():
            if key not in listed and self._revisions.get(key) == revision:
                self._known.pop(key, None)
                self._live.pop(key, None)
                del self._revisions[key]
        self._complete.set()

    def _apply(self, entry: Entry) -> None:
        try:
            self._keep(entry.key, entry.revision, read(entry))
        except BusError as error:
            _log.warning("task record skipped", extra={"key": entry.key, "error": str(error)})

    def _keep(self, key: str, revision: int, stored: Stored | None) -> None:
        if revision <= self._revisions.get(key, 0):
            return
        self._revisions[key] = revision
        if stored is None:
            self._known.pop(key, None)
        else:
            self._known[key] = stored
        if stored is not None and stored.record.live:
            self._live[key] = stored
        else:
            self._live.pop(key, None)
        if stored is not None:
            for notice in tuple(self._notices):
                notice(stored)
