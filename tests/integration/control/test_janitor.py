"""What control sees to unasked: a start or a stop that was cut off between its two writes is brought to its end."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.mirror import Mirror
from tailrace.bus.queue import Queue
from tailrace.bus.tasks import Stored
from tailrace.bus.tasks import Tasks as Records
from tailrace.control.tasks import SETTLED, Tasks
from tailrace.errors import BusError
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import TaskRecord, TaskState
from tailrace.secret import Secret
from tests.harness.nats import nats_server_in
from tests.integration.control.running import control, on_the_bus
from tests.integration.control.test_memory import DAYS_AGO as APP
from tests.integration.control.test_memory import PLAN, ManualClock, with_tasks


class OnceDeafQueue(Queue):
    """A queue with the misbehaviour of not taking the first message."""

    refused = False

    async def put(self, app: SdkAppId, task_id: TaskId) -> bool:
        """Refuse the first."""
        if not self.refused:
            self.refused = True
            raise BusError("no answer")
        return await super().put(app, task_id)


class OnceDeafRecords(Records):
    """Records with the misbehaviour of not taking the first change."""

    refused = False

    async def change(self, app: SdkAppId, task_id: TaskId, decide: Callable[[TaskRecord], TaskRecord | None]) -> Stored:
        """Refuse the first."""
        if not self.refused:
            self.refused = True
            raise BusError("no answer")
        return await super().change(app, task_id, decide)


@pytest.fixture
def nats_url(tmp_path: Path) -> Iterator[Secret]:
    """A nats-server for one test, since the janitor sees to the tasks of all."""
    with nats_server_in(tmp_path) as server:
        yield server.url


@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.RUNNING, TaskState.STOPPING])
def test_a_live_task_without_its_queue_message_gets_one_when_control_starts(nats_url: Secret, state: TaskState) -> None:
    async def interrupted(bus: Bus) -> None:
        await bus.prepare(10, 3)
        record = TaskRecord(TaskId(f"cut off {state}"), PLAN, created_at=1.0, state_since=1.0)
        await Records(bus).create(replace(record, state=state))

    async def queued(bus: Bus) -> str:
        lease = await Queue(bus).pull(10)
        assert lease is not None
        return lease.task_id

    on_the_bus(nats_url, interrupted)
    with control(nats_url):
        assert on_the_bus(nats_url, queued) == f"cut off {state}"


def test_a_task_is_left_alone_while_its_start_may_still_go_on_and_after_its_end(nats_url: Secret) -> None:
    clock = ManualClock()

    async def emptied(bus: Bus) -> None:
        await bus.js.purge_stream("queue")

    async def messages(bus: Bus) -> int:
        return int((await bus.js.stream_info("queue")).state.messages)

    async def work(tasks: Tasks, mirror: Mirror) -> tuple[int, int, int]:
        task_id = await tasks.start(PLAN)
        await asyncio.to_thread(on_the_bus, nats_url, emptied)
        seen = []
        for passed in (SETTLED - 1, 2):
            clock.now += passed
            await tasks.requeue()
            seen.append(await asyncio.to_thread(on_the_bus, nats_url, messages))
        await tasks.stop(APP, task_id)
        clock.now += SETTLED + 1
        await tasks.requeue()
        return *seen, await asyncio.to_thread(on_the_bus, nats_url, messages)

    assert with_tasks(nats_url, clock, work) == (0, 1, 0)


def test_a_start_that_was_answered_with_an_error_is_not_begun_later(nats_url: Secret) -> None:
    clock = ManualClock()

    async def work(tasks: Tasks, mirror: Mirror) -> None:
        with pytest.raises(BusError):
            await tasks.start(PLAN)
        [refused] = tasks.newest(APP)
        assert refused.state is TaskState.QUEUED
        clock.now += SETTLED + 1
        await tasks.requeue()
        assert (await tasks.find(APP, refused.task_id)).state is TaskState.ENDED

    with_tasks(nats_url, clock, work, OnceDeafQueue, OnceDeafRecords)
