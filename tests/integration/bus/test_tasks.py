"""Task records on a real nats-server."""

import asyncio
from dataclasses import replace

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.tasks import Tasks
from tailrace.errors import Conflict, TaskNotFound
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import DestinationReport, DestinationStatus, OutputReport, TaskRecord, TaskState
from tailrace.secret import PushUrl
from tests.integration.bus.conftest import Run


def a_record(app: SdkAppId, name: str = "task a/1.*") -> TaskRecord:
    room = Room(app, "room 1.>", numeric=False)
    destinations = (Destination(0, PushUrl("rtmp://cdn/live/key?a=1")),)
    plan = Plan(room, UserId("robot"), destinations, Stream(room, UserId("alice")))
    return TaskRecord(TaskId(name), plan, created_at=1.5)


def test_a_record_comes_back_as_it_was_stored(run: Run, app: SdkAppId) -> None:
    report = DestinationReport(0, DestinationStatus.RUNNING, bitrate_kbps=1.5, reason="é")
    record = replace(a_record(app), output=OutputReport((report,), revision=0, notes=("note",)))

    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        stored = await tasks.create(record)
        assert await tasks.get(app, record.task_id) == stored
        assert stored.record == record
        assert stored.record.plan.destinations[0].url.reveal() == "rtmp://cdn/live/key?a=1"

    run(scenario)


def test_a_task_can_be_created_once_only(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        await Tasks(bus).create(a_record(app))
        with pytest.raises(Conflict):
            await Tasks(bus).create(a_record(app))

    run(scenario)


def test_the_slower_of_two_writers_meets_a_conflict(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        first = await tasks.create(a_record(app))
        second = await tasks.update(first, first.record.take_over("w1", 1, 2.0))
        with pytest.raises(Conflict):
            await tasks.update(first, first.record.take_over("w2", 2, 2.0))
        assert await tasks.get(app, first.record.task_id) == second

    run(scenario)


def test_of_changes_at_once_none_is_lost(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        name = (await tasks.create(a_record(app))).record.task_id
        await asyncio.gather(*(tasks.change(app, name, lambda record: record.take_over("w", 1, 2.0)) for _ in range(5)))
        stored = await tasks.get(app, name)
        assert stored is not None
        assert stored.record.epoch == 5

    run(scenario)


def test_a_change_that_decides_for_nothing_writes_nothing(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        stored = await tasks.create(a_record(app))
        assert await tasks.change(app, stored.record.task_id, lambda record: None) == stored

    run(scenario)


def test_tasks_of_another_app_are_not_found(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        name = (await tasks.create(a_record(app))).record.task_id
        other = SdkAppId(app + 1_000_000)
        assert await tasks.get(other, name) is None
        assert await tasks.list(other) == []
        with pytest.raises(TaskNotFound):
            await tasks.change(other, name, lambda record: None)

    run(scenario)


def test_a_list_longer_than_a_page_is_complete(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        names = {f"t{number}" for number in range(600)}
        await asyncio.gather(*(tasks.create(a_record(app, name)) for name in names))
        assert {stored.record.task_id for stored in await tasks.list(app)} == names

    run(scenario)


def test_a_deleted_task_is_gone_and_its_name_is_free_for_nobody_meanwhile(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        stored = await tasks.create(a_record(app))
        await tasks.delete(app, stored.record.task_id)
        await tasks.delete(app, stored.record.task_id)
        assert await tasks.get(app, stored.record.task_id) is None
        assert await tasks.list(app) == []
        with pytest.raises(Conflict):
            await tasks.update(stored, stored.record.move(TaskState.ENDED, 3.0))

    run(scenario)
