"""Children: one task's lease and the child process that runs it, restarted when it crashes."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from tailrace.bus.journal import Journal
from tailrace.bus.tasks import Tasks
from tailrace.errors import BusError, TaskNotFound
from tailrace.model.backoff import Backoff
from tailrace.model.task import EndReason, TaskRecord, TaskState
from tailrace.model.task_event import TaskEvent, What, endings, name_of
from tailrace.supervise import start, stop
from tailrace.worker.holding import Holding
from tailrace.worker.job import Job, Outcome
from tailrace.worker.zygote import Exit

_log = logging.getLogger(__name__)

# The first restart is at once for a viewer (the bar is 1 s to pushing again); one that crashes on and on costs little.
RESTART = Backoff(first=0.05, most=5.0)
# A child that ran so long has not crashed because of how it started.
WELL_AFTER = 30.0
# So many crashes in a row, more than a minute of them, are no accident: the task is ended as failed, and says so.
MOST_CRASHES = 20


class Forks(Protocol):
    """Runs one child to its end."""

    async def run(self, job: Job, /) -> Exit:
        """Run it."""
        ...


async def run_task(holding: Holding, job: Job, zygote: Forks, tasks: Tasks, journal: Journal) -> None:
    """Run one task until it has ended, is released, or another worker has taken it over.

    Cancelling releases it in order and gives the lease back.
    """
    async with asyncio.TaskGroup() as group:
        keeper = start(group, holding.keep(), f"lease of {job.task_id[:8]}")
        outcome = Outcome.RELEASED
        try:
            outcome = await run_child(job, zygote, tasks, journal, lambda: not holding.given)
        finally:
            await stop(keeper)
            await holding.settle(outcome)


async def run_child(
    job: Job, zygote: Forks, tasks: Tasks, journal: Journal, ours: Callable[[], bool], restart: Backoff = RESTART
) -> Outcome:
    """Run a job's child, again after each crash with the pauses of `restart`, until it ends in order or for good.

    `ours` says whether the lease is still held: without it a child that crashed is another worker's to replace.
    """
    crashes = 0
    while True:
        began = time.monotonic()
        end = await zygote.run(job)
        if end.status in list(Outcome):
            return Outcome(end.status)
        crashes = 1 if time.monotonic() - began > WELL_AFTER else crashes + 1
        pause = restart.pause(crashes, random.random())  # noqa: S311 - jitter only
        _log.error(
            "child crashed", extra={"task_id": job.task_id, "how": end.describe(), "crashes": crashes, "pause": pause}
        )
        record = await _note_crash(job, tasks, end.describe(), over=crashes >= MOST_CRASHES)
        if record is not None:
            _tell_of_crash(record, journal, end.describe(), crashes)
        if crashes >= MOST_CRASHES:
            return Outcome.ENDED
        await asyncio.sleep(pause)
        if not ours():
            return Outcome.RELEASED


async def _note_crash(job: Job, tasks: Tasks, how: str, *, over: bool) -> TaskRecord | None:
    """Write into the record what has happened, so that Describe can tell why a task began anew, or was given up.

    Returns the record, None when it cannot be had.
    """

    def note(record: TaskRecord) -> TaskRecord | None:
        if not record.live:
            return None
        if over:
            return record.move(TaskState.ENDED, time.time(), EndReason.FAILED)
        return replace(record, reason=f"{how} and was started again")

    try:
        return (await tasks.change(job.app, job.task_id, note)).record
    except (BusError, TaskNotFound) as error:
        _log.warning("crash not noted", extra={"task_id": job.task_id, "error": str(error)})
        return None


def _tell_of_crash(record: TaskRecord, journal: Journal, how: str, crashes: int) -> None:
    now = time.time()
    crash = TaskEvent.of(record, What.CRASHED, now, how)
    # A child may crash before it has an epoch of its own.
    journal.add(crash, f"{record.task_id}/{record.epoch}/crashed/{crashes}")
    if not record.live:
        for event in endings(record, now):
            journal.add(event, name_of(event))
