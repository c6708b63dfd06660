"""The worker process: pulls tasks while it has room, and runs each in a child."""

import asyncio
import logging
import os
import random
import socket
import time
from functools import partial

from tailrace.bus import drains, health
from tailrace.bus.connection import Bus, connect
from tailrace.bus.events import Events
from tailrace.bus.journal import Journal
from tailrace.bus.queue import Lease, Queue
from tailrace.bus.tasks import Tasks
from tailrace.config import Config
from tailrace.errors import BusError
from tailrace.ids import TaskId
from tailrace.model.backoff import Backoff
from tailrace.model.need import need_of
from tailrace.model.task import TaskRecord, TaskState
from tailrace.secret import Secret
from tailrace.supervise import Ready, contain, first_of, run_until_stopped, start, stop
from tailrace.worker.capacity import Capacity
from tailrace.worker.children import run_task
from tailrace.worker.holding import Holding
from tailrace.worker.job import Job
from tailrace.worker.leaving import Held, hand_over
from tailrace.worker.loading import needs_more
from tailrace.worker.machine import Machine, allowed_cores
from tailrace.worker.nursery import Nursery

_log = logging.getLogger(__name__)

# One long poll; shorter than nats-server's own limits, long enough to cost nothing.
PULL_SECONDS = 25.0
# After a pull that failed because the bus is away.
PULL_PAUSE = 0.5
# A worker that is there answers within milliseconds; one that needs a second is too busy to be given more.
ASK_TIMEOUT = 1.0
# A task that there is no room for goes round the other workers at once, and then waits longer and longer, since each
# round costs one of them a millisecond. A place that becomes free is found within the longest pause.
NO_ROOM = Backoff(first=0.05, most=3.0)

Running = dict[TaskId, Held]


def main(config: Config, bus_url: Secret, ready: Ready, lifeline: int | None = None) -> None:
    """Run the worker role until it is told to stop; then release every task within `worker.stop_deadline`."""
    nursery = Nursery()
    run_until_stopped(lambda stopping: Worker(config, bus_url, nursery).run(ready, stopping), lifeline)


class Worker:
    """Holds at most `worker.max_tasks` tasks."""

    def __init__(self, config: Config, bus_url: Secret, nursery: Nursery) -> None:
        self._config = config
        self._bus_url = bus_url
        self._nursery = nursery
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._room = asyncio.Semaphore(config.worker.max_tasks)
        self._capacity = Capacity(config.worker, Machine(nursery.pids), time.monotonic)

    async def run(self, ready: Ready, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set."""
        await self._nursery.attach()
        bus = await connect(self._bus_url, f"worker {self._name}")
        try:
            await bus.prepare(self._config.rooms.lost_after, self._config.worker.ack_wait)
            journal = Journal(Events(bus))
            async with journal.writing(), asyncio.TaskGroup() as group:
                watching = start(group, self._nursery.watch(), "children")
                tasks: Running = {}
                pulling = start(group, self._pull(Queue(bus), Tasks(bus), journal, group, tasks), "pull")
                telling = start(group, self._capacity.tell(bus, self._name), "room left")
                alive = await health.serve(bus, "worker")
                draining = asyncio.Event()
                asked = await drains.serve(bus, self._name, draining.set)
                ready({})
                await first_of(draining, stopping)
                _log.info("takes no more tasks", extra={"worker": self._name, "tasks": len(tasks)})
                self._capacity.drain()
                await alive.close()
                await stop(pulling)
                leaving = start(group, hand_over(tasks), "leaving")
                await stopping.wait()
                await self._leave(bus, tasks, leaving)
                await stop(telling)
                await asked.close()
                await stop(watching)
        finally:
            await self._nursery.close()
            await bus.close()

    async def _pull(
        self, queue: Queue, records: Tasks, journal: Journal, group: asyncio.TaskGroup, tasks: Running
    ) -> None:
        while True:
            await self._room.acquire()
            try:
                lease = await queue.pull(PULL_SECONDS)
            except BusError as error:
                _log.warning("cannot pull tasks", extra={"error": str(error)})
                await asyncio.sleep(PULL_PAUSE)
                lease = None
            if lease is None:
                self._room.release()
                continue
            if lease.task_id in tasks:
                # The lease had run out, while this machine or the bus stood still, and came back to its holder. The
                # child goes on, and its keeper keeps the message: for nats-server an answer is one to any delivery.
                _log.warning("lease came back", extra={"task_id": lease.task_id, "deliveries": lease.deliveries})
                self._room.release()
                continue
            record = await self._look(lease, records)
            if record is not None and not await self._takes(lease, record):
                self._room.release()
                continue
            job = Job(
                lease.app,
                lease.task_id,
                self._name,
                self._bus_url,
                self._config.destinations.allow_private,
                self._config.destinations.tls_verify,
                self._config.rooms.lost_after,
                self._config.encoding.preset,
                self._config.encoding.threads,
                self._config.relay.slate,
                record is not None and needs_more(record.plan),
            )
            holding = Holding(lease.task_id, lease, self._config.worker.ack_wait)
            work = run_task(holding, job, self._nursery, records, journal)
            name = f"task {lease.task_id[:8]}"
            task = start(group, contain(work, name), name)
            tasks[lease.task_id] = Held(holding, task)
            task.add_done_callback(partial(self._over, tasks, lease.task_id))

    async def _look(self, lease: Lease, records: Tasks) -> TaskRecord | None:
        """Return the record of a task that is to run.

        One that only has to be ended, or that cannot be read now, is its child's matter; that takes no room.
        """
        try:
            stored = await records.get(lease.app, lease.task_id)
        except BusError:
            return None
        except asyncio.CancelledError:
            await lease.give_back()
            raise
        if stored is None or stored.record.state not in (TaskState.QUEUED, TaskState.RUNNING):
            return None
        return stored.record

    async def _takes(self, lease: Lease, record: TaskRecord) -> bool:
        """Hold room for a task; give it back to the others when there is none."""
        need = need_of(record.plan, len(allowed_cores()) or 1, self._config.encoding.preset)
        short = self._capacity.take(lease.task_id, need, resumed=record.epoch > 0)
        if short is None:
            return True
        _log.info("no room for a task", extra={"task_id": lease.task_id, "short": short})
        try:
            await lease.give_back(NO_ROOM.pause(lease.deliveries, random.random()))  # noqa: S311 - jitter only
        except BusError as error:
            _log.warning("lease not settled", extra={"task_id": lease.task_id, "error": str(error)})
        return False

    def _over(self, tasks: Running, task_id: TaskId, _: asyncio.Task[None]) -> None:
        del tasks[task_id]
        self._capacity.drop(task_id)
        self._room.release()

    async def _leave(self, bus: Bus, running: Running, leaving: asyncio.Task[None]) -> None:
        """Wait for other workers to take the tasks while there are any, then release what is left."""
        if running and await health.ask(bus, "worker", ASK_TIMEOUT):
            await asyncio.wait([leaving], timeout=self._config.worker.stop_deadline)
        await stop(leaving)
        await self._release(running)

    async def _release(self, running: Running) -> None:
        """Ask every child to unpublish and let go, then kill those that are over the deadline."""
        tasks = [held.task for held in running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._config.worker.stop_deadline)
            if late:
                _log.error("children over the deadline are killed", extra={"count": len(late)})
                self._nursery.kill_all()
                await asyncio.wait(late)
