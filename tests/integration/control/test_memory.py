"""Thirty days later: what can still be stopped, and what is forgotten."""

import asyncio
import os
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tailrace import supervise
from tailrace.bus import calls
from tailrace.bus.connection import connect
from tailrace.bus.events import Events
from tailrace.bus.journal import Journal
from tailrace.bus.mirror import Mirror
from tailrace.bus.queue import Queue
from tailrace.bus.tasks import Tasks as Records
from tailrace.control.admission import Admission
from tailrace.control.story import Story
from tailrace.control.tasks import MEMORY, Tasks
from tailrace.errors import BusError, TaskNotFound
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import TaskState
from tailrace.secret import PushUrl, Secret
from tests.integration.control.running import wait_until

DAYS_AGO = SdkAppId(1400000077)
PLAN = Plan(
    room=Room(DAYS_AGO, "7", numeric=True),
    robot=UserId("robot"),
    source=Stream(Room(DAYS_AGO, "7", numeric=True), UserId("anchor")),
    destinations=(Destination(0, PushUrl("rtmp://127.0.0.1/live/x")),),
)


class ManualClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def unix(self) -> float:
        """The time it was set to."""
        return self.now

    def monotonic(self) -> float:
        """The same."""
        return self.now


class FullQueue(Queue):
    """A queue with the misbehaviour of refusing everything."""

    async def put(self, app: SdkAppId, task_id: TaskId) -> bool:
        """Refuse."""
        raise BusError("no space left")


def with_tasks(
    nats_url: Secret,
    clock: ManualClock,
    work: Any,
    queue: type[Queue] = Queue,
    records: type[Records] = Records,
) -> Any:
    """Run `work(tasks, mirror)` on the real bus."""

    async def main() -> Any:
        bus = await connect(nats_url, "test")
        await bus.prepare(10, 3)
        try:
            mirror = Mirror(bus)
            journal = Journal(Events(bus))
            tasks = Tasks(
                records(bus),
                mirror,
                queue(bus),
                Admission({}, lambda: (), lambda: (), "auto"),
                partial(calls.call, bus),
                Story(journal),
                clock,
                os.urandom,
                True,
            )
            async with journal.writing(), asyncio.TaskGroup() as group:
                following = supervise.start(group, mirror.run(), "mirror")
                await mirror.ready()
                result = await work(tasks, mirror)
                await supervise.stop(following)
            return result
        finally:
            await bus.close()

    return asyncio.run(main())


def test_a_task_cannot_be_named_thirty_days_after_its_start_but_runs_on(nats_url: Secret) -> None:
    clock = ManualClock()

    async def work(tasks: Tasks, mirror: Mirror) -> None:
        task_id = await tasks.start(PLAN)
        clock.now += MEMORY + 1
        with pytest.raises(TaskNotFound):
            await tasks.stop(DAYS_AGO, task_id)
        assert await tasks.forget_old() == 0
        assert (await tasks.find(DAYS_AGO, task_id)).live

    with_tasks(nats_url, clock, work)


def test_an_ended_task_is_forgotten_after_thirty_days_and_not_before(nats_url: Secret) -> None:
    clock = ManualClock()

    async def work(tasks: Tasks, mirror: Mirror) -> None:
        task_id = await tasks.start(PLAN)
        await tasks.stop(DAYS_AGO, task_id)
        clock.now += MEMORY - 1
        assert await tasks.forget_old() == 0
        clock.now += 2
        assert await tasks.forget_old() == 1
        await asyncio.to_thread(wait_until, lambda: mirror.get(DAYS_AGO, task_id) is None)
        with pytest.raises(TaskNotFound):
            await tasks.find(DAYS_AGO, task_id)

    with_tasks(nats_url, clock, work)


def test_a_task_that_ends_while_it_is_asked_is_told_as_ended(nats_url: Secret) -> None:
    # The child stores the end before it goes; that nobody answers must not be taken for a dead worker then.
    clock = ManualClock()

    async def work(tasks: Tasks, mirror: Mirror) -> TaskState:
        task_id = await tasks.start(PLAN)
        before = replace(await tasks.find(DAYS_AGO, task_id), state=TaskState.RUNNING)
        await tasks.stop(DAYS_AGO, task_id)
        [seen] = await tasks.inspect([before])
        return seen.record.state

    assert with_tasks(nats_url, clock, work) is TaskState.ENDED


def test_a_start_that_could_not_be_queued_does_not_begin_later(nats_url: Secret) -> None:
    async def work(tasks: Tasks, mirror: Mirror) -> None:
        before = len(mirror.list(DAYS_AGO))
        with pytest.raises(BusError):
            await tasks.start(PLAN)
        newest = tasks.newest(DAYS_AGO)
        assert len(newest) == before + 1
        assert newest[0].state is TaskState.ENDED

    clock = ManualClock()
    clock.now += 2 * MEMORY
    with_tasks(nats_url, clock, work, FullQueue)
