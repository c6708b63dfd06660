"""Admission: whether a new task may start: the quota of its app, and the room that the workers have announced."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tailrace.errors import NoRoom, QuotaUsedUp
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.need import Need, need_of
from tailrace.model.plan import Plan
from tailrace.model.room_left import Resource, RoomLeft, nobody_takes
from tailrace.model.task import TaskRecord, TaskState


class Admission:
    """Decides from copies in this process, so that a start waits for nobody.

    `quotas` has the most tasks of an app at the same time, 0 for any number; `live` returns the records of all tasks
    that have not ended, `rooms` what is left at each worker that is there.
    """

    def __init__(
        self,
        quotas: Mapping[SdkAppId, int],
        live: Callable[[], Iterable[TaskRecord]],
        rooms: Callable[[], Sequence[RoomLeft]],
        preset: str,
    ) -> None:
        self._quotas = quotas
        self._live = live
        self._rooms = rooms
        self._preset = preset
        # Starts that are not stored yet, or that `live` may not know yet.
        self._coming: dict[TaskId, Plan] = {}

    @contextmanager
    def admitted(self, task_id: TaskId, plan: Plan) -> Iterator[None]:
        """Hold a place for a task until `live` has it. Raises QuotaUsedUp and NoRoom."""
        self._check_quota(plan.room.app)
        self._check_room(plan)
        self._coming[task_id] = plan
        try:
            yield
        finally:
            del self._coming[task_id]

    def why_waiting(self, record: TaskRecord) -> str:
        """Return in words why a task is still queued; nothing when it is not, or about to be taken."""
        if record.state is not TaskState.QUEUED:
            return ""
        if not (rooms := self._rooms()):
            return "there is no worker"
        short = nobody_takes(rooms, (), self._need(record.plan))
        return f"no worker has room: {_words(short)}" if short else ""

    def _check_quota(self, app: SdkAppId) -> None:
        most = self._quotas.get(app, 0)
        if not most:
            return
        tasks = {task_id for task_id, plan in self._coming.items() if plan.room.app == app}
        tasks |= {record.task_id for record in self._live() if record.plan.room.app == app}
        count = len(tasks)
        if count >= most:
            raise QuotaUsedUp(f"The application has {count} tasks, and may have {most} at the same time (max_tasks).")

    def _check_room(self, plan: Plan) -> None:
        # Without any worker, while it restarts, the task waits for one: refused is only what those there cannot take.
        if not (rooms := self._rooms()):
            return
        queued = {record.task_id: record.plan for record in self._live() if record.state is TaskState.QUEUED}
        waiting = self._coming | queued
        if short := nobody_takes(rooms, map(self._need, waiting.values()), self._need(plan)):
            raise NoRoom(f"No worker has room for this task: {_words(short)}.")

    def _need(self, plan: Plan) -> Need:
        return need_of(plan, preset=self._preset)


def _words(short: Sequence[Resource]) -> str:
    return ", ".join(short)
