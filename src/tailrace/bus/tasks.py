"""Tasks: one stored record per task, written by compare-and-set only."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from tailrace.bus.bucket import Bucket, Entry
from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.plain import dump, load
from tailrace.bus.subjects import TASKS, task_key, tasks_of
from tailrace.errors import BusError, Conflict, TaskNotFound
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import TaskRecord

_log = logging.getLogger(__name__)

# Writers of one record are a child that reports changes and a caller who stops or updates: two or three at once.
ATTEMPTS = 20
# A bus that just came back is asked again soon, without being flooded by it.
RETRY = 0.5


@dataclass(frozen=True, slots=True)
class Stored:
    """A task's record as it is stored, with the revision that a compare-and-set needs."""

    record: TaskRecord
    revision: int

    @property
    def app(self) -> SdkAppId:
        """The app that the task belongs to."""
        return self.record.plan.room.app


class Tasks:
    """The records of all apps. Every method raises BusError when the bus does not answer."""

    def __init__(self, bus: Bus) -> None:
        self._bucket = Bucket(bus, TASKS, STORE_TIMEOUT)

    async def create(self, record: TaskRecord) -> Stored:
        """Store a new record. Raises Conflict when there is one of this name, or was until a moment ago."""
        key = task_key(record.plan.room.app, record.task_id)
        return Stored(record, await self._bucket.put(key, dump(record), 0))

    async def get(self, app: SdkAppId, task_id: TaskId) -> Stored | None:
        """Return the record; None when this app has no such task."""
        entry = await self._bucket.get(task_key(app, task_id))
        return None if entry is None else read(entry)

    async def update(self, stored: Stored, record: TaskRecord) -> Stored:
        """Replace `stored` by `record`. Raises Conflict when it was changed since it was read."""
        key = task_key(stored.app, stored.record.task_id)
        return Stored(record, await self._bucket.put(key, dump(record), stored.revision))

    async def change(self, app: SdkAppId, task_id: TaskId, decide: Callable[[TaskRecord], TaskRecord | None]) -> Stored:
        """Read, `decide`, store, and do it again when somebody else was faster. Returns what is stored then.

        `decide` returns the new record, or None to leave it as it is; what it raises goes through. Raises TaskNotFound,
        and Conflict when others were faster ATTEMPTS times in a row.
        """
        for _ in range(ATTEMPTS):
            stored = await self.get(app, task_id)
            if stored is None:
                raise TaskNotFound(f"there is no task {task_id}")
            record = decide(stored.record)
            if record is None or record == stored.record:
                return stored
            try:
                return await self.update(stored, record)
            except Conflict:
                continue
        raise Conflict(f"task {task_id} changes faster than it can be written")

    async def follow(self, app: SdkAppId, task_id: TaskId) -> AsyncGenerator[Stored | None, None]:
        """Yield the record as it is now, then after each change, and after each reconnection; None for no such task.

        What changes faster than it can be read is yielded once. Close the generator (`contextlib.aclosing`), so that
        its subscription ends.
        """
        news = asyncio.Event()
        news.set()
        bus = self._bucket.bus
        with bus.reconnection(news.set):
            feed = await self._bucket.watch(task_key(app, task_id), lambda _: news.set(), news.set)
            try:
                while True:
                    await news.wait()
                    news.clear()
                    try:
                        stored = await self.get(app, task_id)
                    except BusError as error:
                        _log.warning("task record not read", extra={"task_id": task_id, "error": str(error)})
                        await asyncio.sleep(RETRY)
                        news.set()
                        continue
                    yield stored
            finally:
                await bus.unsubscribe(feed)

    async def list(self, app: SdkAppId | None = None) -> list[Stored]:
        """Return the records of an app, or all, in the order of their last change."""
        return [stored for entry in await self._bucket.list(tasks_of(app)) if (stored := read(entry))]

    async def delete(self, app: SdkAppId, task_id: TaskId) -> None:
        """Forget a task; harmless when there is none. Raises Conflict when it is written at this moment."""
        key = task_key(app, task_id)
        entry = await self._bucket.get(key)
        if entry is not None and entry.value is not None:
            await self._bucket.delete(key, entry.revision)


def read(entry: Entry) -> Stored | None:
    """Return the record of a bucket's entry, None for a deleted one. Raises BusError when it cannot be read."""
    return None if entry.value is None else Stored(load(TaskRecord, entry.value), entry.revision)
