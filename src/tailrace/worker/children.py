"""Children: one task's lease and the child process that runs it, restarted when it crashes."""

import asyncio
import logging
import random
import time

from tailrace.bus.queue import Lease
from tailrace.errors import BusError
from tailrace.model.backoff import Backoff
from tailrace.supervise import start, stop
from tailrace.worker.job import Job, Outcome
from tailrace.worker.zygote import Zygote

_log = logging.getLogger(__name__)

# The first restart is at once for a viewer (the bar is 1 s to pushing again); one that crashes on and on costs little.
RESTART = Backoff(first=0.05, most=5.0)
# A child that ran so long has not crashed because of how it started.
WELL_AFTER = 30.0
# Three signs of life per lease: two may be late.
KEEPS_PER_LEASE = 3


async def run_task(lease: Lease, job: Job, zygote: Zygote, ack_wait: float) -> None:
    """Run one task until it has ended or is released. Cancelling releases it in order and gives the lease back."""
    async with asyncio.TaskGroup() as group:
        keeper = start(group, _keep(lease, ack_wait), f"lease of {job.task_id[:8]}")
        outcome = Outcome.RELEASED
        try:
            outcome = await _run_child(job, zygote)
        finally:
            await stop(keeper)
            await _settle(lease, outcome)


async def _settle(lease: Lease, outcome: Outcome) -> None:
    """Tell the queue. When the bus is away the lease runs out by itself, and the record says what is still to do."""
    try:
        match outcome:
            case Outcome.ENDED:
                await lease.done()
            case Outcome.RELEASED:
                await lease.give_back(0.0)
            case Outcome.FENCED:
                pass  # the lease is another worker's by now
    except BusError as error:
        _log.warning("lease not settled", extra={"task_id": lease.task_id, "error": str(error)})


async def _run_child(job: Job, zygote: Zygote) -> Outcome:
    crashes = 0
    while True:
        began = time.monotonic()
        status = await zygote.run(job.encode())
        if status in list(Outcome):
            return Outcome(status)
        crashes = 1 if time.monotonic() - began > WELL_AFTER else crashes + 1
        pause = RESTART.pause(crashes, random.random())  # noqa: S311 - jitter only
        _log.error(
            "child crashed", extra={"task_id": job.task_id, "status": status, "crashes": crashes, "pause": pause}
        )
        await asyncio.sleep(pause)


async def _keep(lease: Lease, ack_wait: float) -> None:
    while True:
        await asyncio.sleep(ack_wait / KEEPS_PER_LEASE)
        try:
            await lease.keep()
        except BusError as error:
            _log.warning("lease not renewed", extra={"task_id": lease.task_id, "error": str(error)})
