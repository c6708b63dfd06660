"""Recorder: the child's hand on its task's record: taking over, reporting, ending, and noticing that it is fenced."""

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from tailrace.bus.tasks import Tasks
from tailrace.clock import Clock
from tailrace.errors import BusError, TailraceError, TaskNotFound
from tailrace.model.task import EndReason, OutputReport, TaskRecord, TaskState
from tailrace.worker.job import Job

_log = logging.getLogger(__name__)

# Changes that come together (ten destinations start at once) are one write; a caller's next look is later than this.
GATHER = 0.05
# A child that lets go shall not keep its worker from ending; without this report the next one begins with an older one.
RELEASE_WITHIN = 1.0
# While the bus is away the relay goes on, and the report is tried again.
AGAIN = 1.0


class Fenced(TailraceError):
    """Another child has taken the task over; this one must stop pushing at once and write nothing more."""


class Recorder:
    """Writes one task's record, always by compare-and-set and only while its epoch is the record's."""

    def __init__(self, tasks: Tasks, job: Job, clock: Clock) -> None:
        self.epoch = 0
        self.fenced = asyncio.Event()
        self._tasks = tasks
        self._job = job
        self._clock = clock
        self._changed = asyncio.Event()

    async def take_over(self, pid: int) -> TaskRecord | None:
        """Raise the epoch and return the record; one that has ended is as it was. None when there is none."""
        try:
            stored = await self._tasks.change(
                self._job.app,
                self._job.task_id,
                lambda record: record.take_over(self._job.worker, pid, self._clock.unix()) if record.live else None,
            )
        except TaskNotFound:
            return None
        self.epoch = stored.record.epoch
        return stored.record

    async def ended(self, reason: EndReason, output: OutputReport) -> None:
        """Write that the task is over. Raises Fenced, and BusError when the bus is away."""

        def end(record: TaskRecord) -> TaskRecord | None:
            if not record.live:
                return None
            record = replace(record, output=_stored(output))
            return record.move(TaskState.ENDED, self._clock.unix(), reason)

        await self._change(end)

    async def released(self, output: OutputReport) -> None:
        """Write what the output was like at last, for the child that goes on; when that fails, it is a little older."""
        try:
            async with asyncio.timeout(RELEASE_WITHIN):
                await self._change(lambda record: replace(record, output=_stored(output)) if record.live else None)
        except (Fenced, BusError, TimeoutError) as error:
            _log.warning("report not written", extra={"task_id": self._job.task_id, "error": repr(error)})

    def report_soon(self) -> None:
        """Say that the report has changed."""
        self._changed.set()

    async def following(self, end: Callable[[], None], update: Callable[[TaskRecord], None]) -> None:
        """Follow the record: tell `end` and `update` what it asks for, and take note when another child takes over.

        By this no stop, update or taking-over can be lost: it is read again after every reconnection.
        """
        async with aclosing(self._tasks.follow(self._job.app, self._job.task_id)) as changes:
            async for stored in changes:
                if stored is None or stored.record.epoch != self.epoch:
                    self.fence()
                elif stored.record.state is not TaskState.RUNNING:
                    end()
                else:
                    update(stored.record)

    async def reporting(
        self, report: Callable[[], OutputReport], origin: Callable[[], float], known: Callable[[float], None]
    ) -> None:
        """Write what the output is like whenever that has changed; `known` is told which origin is stored.

        A first origin, or an earlier one, is written at once, since destinations may wait for that (`Pushes.begin`).
        """
        written = origin()
        while True:
            await self._changed.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER):
                    while not 0.0 < origin() < (written or math.inf):
                        self._changed.clear()
                        await self._changed.wait()
            self._changed.clear()
            writing = origin()
            try:
                await self._change(lambda record: replace(record, output=_stored(report()), origin=writing))  # noqa: B023
                written = writing
                known(written)
            except Fenced:
                return  # `following` sees it too
            except BusError as error:
                _log.warning("report not written", extra={"task_id": self._job.task_id, "error": str(error)})
                await asyncio.sleep(AGAIN)
                self._changed.set()

    async def ours(self) -> bool:
        """Look whether the task is still this child's; if not, or if nobody can say, nothing may be pushed."""
        try:
            stored = await self._tasks.get(self._job.app, self._job.task_id)
        except BusError as error:
            _log.warning("epoch not known", extra={"task_id": self._job.task_id, "error": str(error)})
            return False
        if stored is not None and stored.record.epoch == self.epoch:
            return True
        self.fence()
        return False

    def fence(self) -> None:
        """Take note that another child has this task now."""
        if not self.fenced.is_set():
            _log.warning("fenced", extra={"task_id": self._job.task_id, "epoch": self.epoch})
            self.fenced.set()

    async def _change(self, change: Callable[[TaskRecord], TaskRecord | None]) -> None:
        def ours(record: TaskRecord) -> TaskRecord | None:
            if record.epoch != self.epoch:
                raise Fenced(f"epoch {record.epoch} has taken over from {self.epoch}")
            return change(record)

        await self._tasks.change(self._job.app, self._job.task_id, ours)


def _stored(output: OutputReport) -> OutputReport:
    """Windows change with everybody who comes or goes; who wants to know asks the child."""
    return replace(output, windows=())
