"""Tasks: what the actions do with tasks, on top of what the bus stores (design section 3)."""

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any, Protocol

from tailrace.bus.tasks import Stored
from tailrace.clock import Clock
from tailrace.control.inspection import Inspected, as_told, stored_last, unattended
from tailrace.control.story import Story
from tailrace.errors import BusError, RecordingNotStoppable, TaskNotFound, UpdateOutdated
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.plan import Plan
from tailrace.model.task import EndReason, TaskRecord, TaskState

_log = logging.getLogger(__name__)

# A task can be named for so long after its start, and an ended one is remembered for so long (spec/02 sections 3, 5).
MEMORY = 30 * 86400.0
# A start and a stop are two writes, a moment apart; a record that stayed as it is for so long is in neither of them.
SETTLED = 60.0
# A child that lives answers within a millisecond; one that does not shall not hold up its stop.
TELL_TIMEOUT = 0.5
# A list is of at most a hundred tasks, asked all at once; what is not answered by then is told from the record.
INSPECT_TIMEOUT = 0.5
TASK_ID_BYTES = 55


class Records(Protocol):
    """The stored records, in the bus."""

    async def create(self, record: TaskRecord) -> Stored: ...
    async def get(self, app: SdkAppId, task_id: TaskId) -> Stored | None: ...
    async def change(
        self, app: SdkAppId, task_id: TaskId, decide: Callable[[TaskRecord], TaskRecord | None]
    ) -> Stored: ...
    async def delete(self, app: SdkAppId, task_id: TaskId) -> None: ...


class Copies(Protocol):
    """A copy of all records in this process, a moment behind the store."""

    def get(self, app: SdkAppId, task_id: TaskId) -> Stored | None: ...
    def list(self, app: SdkAppId | None = None) -> Sequence[Stored]: ...
    def learn(self, stored: Stored) -> None: ...


class Queue(Protocol):
    """The queue that workers take tasks from."""

    async def put(self, app: SdkAppId, task_id: TaskId) -> bool: ...
    async def withdraw(self, app: SdkAppId, task_id: TaskId) -> None: ...


class Admission(Protocol):
    """Decides whether a new task may start."""

    def admitted(self, task_id: TaskId, plan: Plan) -> AbstractContextManager[None]: ...
    def why_waiting(self, record: TaskRecord) -> str: ...


class Ask(Protocol):
    """Asks the child that runs a task; None when nobody runs it. Raises BusError after `timeout` seconds."""

    async def __call__(self, task_id: TaskId, request: dict[str, Any], timeout: float) -> Mapping[str, Any] | None: ...


def new_task_id(random: bytes) -> TaskId:
    """Return 76 characters that look like the cloud's own TaskIds: Base64 with `/` as `-` and `=` as `.`."""
    text = base64.b64encode(random).decode().translate(str.maketrans("/=", "-."))
    # In a shell a leading "-" would be taken for an option.
    return TaskId(text.replace("-", "A", 1) if text.startswith("-") else text)


class Tasks:
    """Starts, stops, finds and forgets tasks."""

    def __init__(
        self,
        records: Records,
        copies: Copies,
        queue: Queue,
        admission: Admission,
        ask: Ask,
        story: Story,
        clock: Clock,
        random: Callable[[int], bytes],
        stop_ended_again: bool,
    ) -> None:
        self._records = records
        self._copies = copies
        self._queue = queue
        self._admission = admission
        self._ask = ask
        self._story = story
        self._clock = clock
        self._random = random
        self._stop_ended_again = stop_ended_again
        # Starts that were answered with an error after their record was stored, while it does not say so.
        self._refused: set[TaskId] = set()

    async def start(self, plan: Plan) -> TaskId:
        """Store a task for `plan` and queue it. From the return on, no crash of any process loses it.

        Raises QuotaUsedUp and NoRoom.
        """
        task_id, now = new_task_id(self._random(TASK_ID_BYTES)), self._clock.unix()
        with self._admission.admitted(task_id, plan):
            stored = await self._records.create(TaskRecord(task_id, plan, created_at=now, state_since=now))
            self._copies.learn(stored)
        try:
            await self._queue.put(plan.room.app, task_id)
        except BusError:
            # The caller is told that it failed: then it shall not begin later either.
            self._refused.add(task_id)
            with suppress(BusError):
                await self._end_refused(plan.room.app, task_id)
            raise
        self._story.started(stored.record)
        _log.info("task started", extra={"task_id": task_id, "room": plan.room.token})
        return task_id

    async def stop(self, app: SdkAppId, task_id: TaskId, record_key: str | None = None) -> None:
        """Store that the task stops, and tell who runs it. Stopping again is harmless.

        Raises TaskNotFound, also for a task started more than 30 days ago, and RecordingNotStoppable.
        """
        known = await self.find(app, task_id)
        if known.created_at + MEMORY < self._clock.unix():
            raise TaskNotFound("The task was started more than 30 days ago.")
        if record_key is not None:
            raise RecordingNotStoppable("The task has no recording that this RecordKey could end.")
        if not known.live:
            if not self._stop_ended_again:
                raise TaskNotFound("The task has ended.")
            return
        record = await self._change(app, task_id, self._stopped)
        self._story.stops(record)
        _log.info("task stops", extra={"task_id": task_id, "state": record.state})
        if record.live and await self._tell(task_id):
            return
        if record.live:
            # Nobody runs it: a worker died, or has not begun. A child that comes now finds it ended and lets go.
            record = await self._change(app, task_id, self._ended)
            self._story.stops(record)
        await self._queue.withdraw(app, task_id)

    async def update(
        self, app: SdkAppId, task_id: TaskId, sequence: int, digest: str, change: Callable[[Plan, int], Plan]
    ) -> None:
        """Store what `change` makes of the plan and the number of its next revision; who runs the task follows that.

        `change` may be called again when somebody else was faster; what it raises goes through, and then nothing has
        changed: `sequence` may be used again. The last one again, with the same digest, has no effect. Raises
        TaskNotFound when the task is ending or was started more than 30 days ago, and UpdateOutdated.
        """

        def decide(record: TaskRecord) -> TaskRecord | None:
            if record.created_at + MEMORY < self._clock.unix():
                raise TaskNotFound("The task was started more than 30 days ago.")
            if record.state not in (TaskState.QUEUED, TaskState.RUNNING):
                raise TaskNotFound("The task has ended.")
            if (sequence, digest) == (record.sequence, record.digest):
                return None
            if sequence <= record.sequence:
                raise UpdateOutdated(f"SequenceNumber {record.sequence} has been accepted already.")
            revision = record.revision + 1
            plan = change(record.plan, revision)
            return replace(record, plan=plan, revision=revision, sequence=sequence, digest=digest)

        await self.find(app, task_id)
        record = await self._change(app, task_id, decide)
        self._story.updated(record, self._clock.unix())
        _log.info("task updated", extra={"task_id": task_id, "sequence": sequence, "revision": record.revision})

    async def find(self, app: SdkAppId, task_id: TaskId) -> TaskRecord:
        """Return the record of a task of `app`. Raises TaskNotFound."""
        stored = self._copies.get(app, task_id) or await self._records.get(app, task_id)
        if stored is None:
            raise TaskNotFound("The task does not exist.")
        return stored.record

    def newest(self, app: SdkAppId) -> Sequence[TaskRecord]:
        """Return the records of all tasks of `app`, the newest first."""
        records = [stored.record for stored in self._copies.list(app)]
        return sorted(records, key=lambda record: record.created_at, reverse=True)

    async def inspect(self, records: Sequence[TaskRecord]) -> Sequence[Inspected]:
        """Return how `records` are now: as their children say, or else as was stored last."""
        running = [record for record in records if record.state in (TaskState.RUNNING, TaskState.STOPPING)]
        asked = await asyncio.gather(*(self._inspect(record) for record in running)) if running else []
        seen = dict(zip((record.task_id for record in running), asked, strict=True))
        return [seen.get(record.task_id) or stored_last(record) for record in records]

    def why(self, record: TaskRecord) -> str:
        """Return in words why a task is in its state: what is stored, or else what a queued one waits for."""
        return record.reason or self._admission.why_waiting(record)

    async def requeue(self) -> None:
        """Queue every live task again that is not in the queue: its start or stop was cut off between two writes.

        To put one that is there already, waiting or held by a worker, changes nothing.
        """
        horizon = self._clock.unix() - SETTLED
        for record in [s.record for s in self._copies.list() if s.record.live and s.record.state_since < horizon]:
            app, task_id = record.plan.room.app, record.task_id
            if task_id in self._refused:
                await self._end_refused(app, task_id)
            elif await self._queue.put(app, task_id):
                _log.warning("task was not in the queue", extra={"task_id": task_id, "state": record.state})

    async def forget_old(self) -> int:
        """Delete the records of tasks that ended more than 30 days ago; return how many."""
        horizon = self._clock.unix() - MEMORY
        old = [s.record for s in self._copies.list() if not s.record.live and s.record.state_since < horizon]
        for record in old:
            await self._records.delete(record.plan.room.app, record.task_id)
        return len(old)

    async def _end_refused(self, app: SdkAppId, task_id: TaskId) -> None:
        self._story.stops(await self._change(app, task_id, self._failed))
        self._refused.discard(task_id)

    async def _tell(self, task_id: TaskId) -> bool:
        """Return whether somebody runs the task. One who does not answer in time still does: the record tells it."""
        try:
            return await self._ask(task_id, {"do": "stop"}, TELL_TIMEOUT) is not None
        except BusError:
            _log.warning("task does not answer its stop", extra={"task_id": task_id})
            return True

    async def _inspect(self, record: TaskRecord) -> Inspected:
        try:
            answer = await self._ask(record.task_id, {"do": "inspect"}, INSPECT_TIMEOUT)
        except BusError:
            return stored_last(record)
        if answer is not None:
            return as_told(record, answer)
        # Nobody runs it. That may be because it has ended meanwhile, which its child stores before it goes.
        latest = await self._latest(record)
        return unattended(latest) if latest.live else stored_last(latest)

    async def _latest(self, record: TaskRecord) -> TaskRecord:
        with suppress(BusError):
            if stored := await self._records.get(record.plan.room.app, record.task_id):
                return stored.record
        return record

    async def _change(
        self, app: SdkAppId, task_id: TaskId, decide: Callable[[TaskRecord], TaskRecord | None]
    ) -> TaskRecord:
        stored = await self._records.change(app, task_id, decide)
        self._copies.learn(stored)
        return stored.record

    def _failed(self, record: TaskRecord) -> TaskRecord | None:
        return record.move(TaskState.ENDED, self._clock.unix(), EndReason.FAILED) if record.live else None

    def _stopped(self, record: TaskRecord) -> TaskRecord | None:
        if record.state is TaskState.QUEUED:
            return self._ended(record)
        if record.state is TaskState.RUNNING:
            return record.move(TaskState.STOPPING, self._clock.unix(), EndReason.STOPPED)
        return None

    def _ended(self, record: TaskRecord) -> TaskRecord | None:
        return record.move(TaskState.ENDED, self._clock.unix(), EndReason.STOPPED) if record.live else None
