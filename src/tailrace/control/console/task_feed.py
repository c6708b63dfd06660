"""Task feed: how tasks are, as their records change and as the children that run them say."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from tailrace.bus.mirror import Mirror
from tailrace.bus.tasks import Stored
from tailrace.control.console.follower import Name, Told
from tailrace.control.console.views import task_view
from tailrace.control.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import TaskRecord

# Children tell their record what has changed for good; bit rates and counters they tell when asked, which takes a
# millisecond. People read figures that change once a second.
ASK_EACH = 1.0
# Tasks asked in one round. A worker has a hundred at most by default; of more, each is asked less often.
ASKED_AT_ONCE = 100
# Tasks of one app that have ended and are shown still; DescribePublishCdnStream has the others.
MOST_ENDED = 50


class TaskFeed:
    """Tells of each change of a task. `loaded` is set once all tasks are known."""

    def __init__(self, mirror: Mirror, tasks: Tasks, tell: Callable[[Told], None]) -> None:
        self.loaded = asyncio.Event()
        self._mirror = mirror
        self._tasks = tasks
        self._tell = tell
        self._views: dict[TaskId, Mapping[str, Any]] = {}
        self._ended: dict[SdkAppId, OrderedDict[TaskId, None]] = {}
        self._changed: dict[TaskId, TaskRecord] = {}
        self._news = asyncio.Event()
        self._turn: dict[TaskId, None] = {}  # in order; a set could not say who is next

    async def run(self) -> None:
        """Follow until cancelled. Raises BusError."""
        self._views.clear()
        self._ended.clear()
        self._changed = {record.task_id: record for record in self._to_show()}
        try:
            with self._mirror.following(self._note):
                await self._look(list(self._changed.values()))
                self.loaded.set()
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(ASK_EACH):
                            await self._news.wait()
                    self._news.clear()
                    changed, self._changed = self._changed, {}
                    await self._look(list(changed.values()) or self._next_round())
        finally:
            self.loaded.clear()

    def snapshot(self, apps: Collection[SdkAppId]) -> list[Mapping[str, Any]]:
        """Return the tasks of some apps."""
        return [view for view in self._views.values() if view["SdkAppId"] in apps]

    def _to_show(self) -> list[TaskRecord]:
        records = sorted((stored.record for stored in self._mirror.list()), key=lambda record: record.state_since)
        shown: list[TaskRecord] = []
        ended: dict[SdkAppId, int] = {}
        for record in reversed(records):
            app = record.plan.room.app
            if not record.live:
                ended[app] = ended.get(app, 0) + 1
            if record.live or ended[app] <= MOST_ENDED:
                shown.append(record)
        return shown[::-1]

    def _note(self, stored: Stored) -> None:
        self._changed[stored.record.task_id] = stored.record
        self._news.set()

    def _next_round(self) -> Sequence[TaskRecord]:
        """Return the live tasks whose turn it is."""
        live = {stored.record.task_id: stored.record for stored in self._mirror.live()}
        turn = [task_id for task_id in self._turn if task_id in live]
        turn += [task_id for task_id in live if task_id not in self._turn]
        asked = turn[:ASKED_AT_ONCE]
        self._turn = dict.fromkeys(turn[ASKED_AT_ONCE:] + asked)
        return [live[task_id] for task_id in asked]

    async def _look(self, records: Sequence[TaskRecord]) -> None:
        for start in range(0, len(records), ASKED_AT_ONCE):
            for task in await self._tasks.inspect(records[start : start + ASKED_AT_ONCE]):
                self._keep(task.record, task_view(task, self._tasks.why(task.record)))

    def _keep(self, record: TaskRecord, view: Mapping[str, Any]) -> None:
        app, task_id = record.plan.room.app, record.task_id
        if self._views.get(task_id) == view:
            return
        self._views[task_id] = view
        if not record.live:
            ended = self._ended.setdefault(app, OrderedDict())
            ended[task_id] = None
            if len(ended) > MOST_ENDED:
                self._views.pop(ended.popitem(last=False)[0], None)
        if self.loaded.is_set():
            self._tell(Told(Name.TASK, app, f"task {task_id}", partial(self._view, task_id, view)))

    def _view(self, task_id: TaskId, last: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._views.get(task_id, last)
