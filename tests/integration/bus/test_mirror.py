"""The copy of all task records in one process."""

import asyncio

from tailrace import supervise
from tailrace.bus.connection import Bus
from tailrace.bus.mirror import Mirror
from tailrace.bus.tasks import Stored, Tasks
from tailrace.ids import SdkAppId
from tests.integration.bus.conftest import Run
from tests.integration.bus.test_tasks import a_record


def test_a_mirror_has_what_was_there_and_follows_every_change(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, mirror = Tasks(bus), Mirror(bus)
        old = await tasks.create(a_record(app, "old"))
        async with asyncio.TaskGroup() as group:
            task = supervise.start(group, mirror.run(), "mirror")
            await mirror.ready()
            assert mirror.list(app) == [old]
            assert mirror.list(SdkAppId(1)) == []
            new = await tasks.create(a_record(app, "new"))
            taken = await tasks.update(new, new.record.take_over("w", 1, 2.0))
            await tasks.delete(app, old.record.task_id)
            async with asyncio.timeout(5):
                while mirror.list(app) != [taken]:
                    await bus.alive()
            await supervise.stop(task)

    run(scenario)


def test_a_writer_sees_its_own_write_at_once_and_nothing_older_afterwards(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, mirror = Tasks(bus), Mirror(bus)
        first = await tasks.create(a_record(app))
        second = await tasks.update(first, first.record.take_over("w", 1, 2.0))
        mirror.learn(second)
        mirror.learn(first)
        assert mirror.get(app, first.record.task_id) == second

    run(scenario)


def test_who_follows_a_mirror_is_told_of_each_change_until_he_stops(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, mirror = Tasks(bus), Mirror(bus)
        first = await tasks.create(a_record(app))
        second = await tasks.update(first, first.record.take_over("w", 1, 2.0))
        told: list[Stored] = []
        with mirror.following(told.append):
            mirror.learn(first)
            mirror.learn(second)
            mirror.learn(first)
        mirror.learn(await tasks.update(second, second.record.take_over("w", 2, 3.0)))
        assert told == [first, second]

    run(scenario)
