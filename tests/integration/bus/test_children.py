"""A child that crashes is started again, its record says so, and one that always crashes is ended as failed."""

import asyncio
from typing import Any

from tailrace.bus.connection import Bus
from tailrace.bus.events import Events
from tailrace.bus.journal import Journal
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId
from tailrace.model.backoff import Backoff
from tailrace.model.task import EndReason, TaskState
from tailrace.secret import Secret
from tailrace.worker.children import MOST_CRASHES, run_child
from tailrace.worker.job import Job, Outcome
from tailrace.worker.zygote import Exit
from tests.integration.bus.conftest import Run
from tests.integration.bus.test_tasks import a_record

AT_ONCE = Backoff(first=0.0, most=0.0)


class Forks:
    """Gives each child the exit status that it is told, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.runs = 0

    async def run(self, job: Job) -> Exit:
        self.runs += 1
        return Exit(self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0])


def held() -> bool:
    """The lease is still this worker's."""
    return True


def a_job(app: SdkAppId, task_id: Any) -> Job:
    return Job(app, task_id, "worker", Secret(""), (), True, 10.0, "auto", 0)


def test_a_crash_is_noted_in_the_record_and_the_child_runs_again(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, forks = Tasks(bus), Forks(-11, 1, Outcome.ENDED)
        record = (await tasks.create(a_record(app))).record

        assert (
            await run_child(a_job(app, record.task_id), forks, tasks, Journal(Events(bus)), held, AT_ONCE)
            is Outcome.ENDED
        )

        assert forks.runs == 3
        stored = await tasks.get(app, record.task_id)
        assert stored is not None
        assert stored.record.reason == "its process ended by exit status 1 and was started again"
        assert stored.record.live

    run(scenario)


def test_a_child_that_crashes_again_and_again_fails_its_task(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, forks = Tasks(bus), Forks(-11)
        record = (await tasks.create(a_record(app))).record

        assert (
            await run_child(a_job(app, record.task_id), forks, tasks, Journal(Events(bus)), held, AT_ONCE)
            is Outcome.ENDED
        )

        assert forks.runs == MOST_CRASHES
        stored = await tasks.get(app, record.task_id)
        assert stored is not None
        assert (stored.record.state, stored.record.reason) == (TaskState.ENDED, EndReason.FAILED)

    run(scenario)


def test_a_child_that_crashes_when_its_lease_was_given_away_is_not_started_beside_the_next_one(
    run: Run, app: SdkAppId
) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, forks = Tasks(bus), Forks(-11, Outcome.ENDED)
        record = (await tasks.create(a_record(app))).record
        job = a_job(app, record.task_id)

        outcome = await run_child(job, forks, tasks, Journal(Events(bus)), lambda: False, AT_ONCE)

        assert outcome is Outcome.RELEASED
        assert forks.runs == 1

    run(scenario)


def test_following_a_record_sees_what_is_there_and_each_change(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks = Tasks(bus)
        record = (await tasks.create(a_record(app))).record
        changes = tasks.follow(app, record.task_id)

        first = await anext(changes)
        await tasks.change(app, record.task_id, lambda record: record.move(TaskState.STOPPING, 1.0))
        second = await anext(changes)
        await changes.aclose()

        assert first is not None
        assert second is not None
        assert [first.record.state, second.record.state] == [record.state, TaskState.STOPPING]

    async def in_time(bus: Bus) -> None:
        async with asyncio.timeout(10):
            await scenario(bus)

    run(in_time)
