"""Child: the process that runs one task, from taking it over to its orderly end.

It says first that it can be called, then takes the record over and follows it: what is stored there, a stop or another
child's taking-over, reaches it whether or not anybody could call it.
"""

import asyncio
import logging
import os
import threading
from dataclasses import asdict
from typing import Any

from tailrace import logs
from tailrace.bus import calls
from tailrace.bus.connection import Bus, connect
from tailrace.bus.tasks import Tasks
from tailrace.clock import SystemClock
from tailrace.model.task import EndReason, OutputReport, TaskRecord, TaskState
from tailrace.supervise import run_until_stopped, start, stop
from tailrace.worker.job import Job, Outcome
from tailrace.worker.record import Fenced, Recorder
from tailrace.worker.relay import Relay

_log = logging.getLogger(__name__)


def run_child(job: dict[str, Any], lifeline: int) -> int:
    """Run one task in this process; return an `Outcome` for the exit status."""
    child = Child(Job.decode(job))
    logs.bind(task_id=job["task_id"])
    threading.excepthook = end_with_the_thread
    run_until_stopped(child.run, lifeline)
    return int(child.outcome)


def end_with_the_thread(fault: threading.ExceptHookArgs) -> None:
    """End this process when one of its threads failed: it would look alive, and nothing would come of it any more."""
    thread = fault.thread.name if fault.thread else ""
    _log.error(
        "thread failed", extra={"name_of_thread": thread, "error": repr(fault.exc_value)}, exc_info=fault.exc_value
    )
    os._exit(1)


class Child:
    """One task while it runs. `outcome` is valid once `run` has returned."""

    def __init__(self, job: Job) -> None:
        self.outcome = Outcome.RELEASED
        self._job = job
        self._clock = SystemClock()
        self._ending = asyncio.Event()
        self._end_reason = EndReason.STOPPED
        self._relay: Relay | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Take the task over and run it until it ends, is fenced, or `stopping` asks to release it."""
        job = self._job
        bus = await connect(job.bus_url, f"task {job.task_id[:16]}")
        try:
            self._recorder = Recorder(Tasks(bus), job, self._clock)
            service = await calls.serve(bus, job.task_id, self._answer)
            try:
                await self._run(bus, stopping)
            except Fenced:
                self.outcome = Outcome.FENCED
            finally:
                await service.close()
        finally:
            await bus.close()

    async def _run(self, bus: Bus, stopping: asyncio.Event) -> None:
        record = await self._recorder.take_over(os.getpid())
        if record is None:
            self.outcome = Outcome.ENDED
            return
        output = record.output
        if record.state is TaskState.RUNNING:
            output = await self._relay_until_over(bus, record, stopping)
            if self._recorder.fenced.is_set():
                self.outcome = Outcome.FENCED
                return
            if not self._ending.is_set():
                return
        await self._recorder.ended(self._end_reason, output)
        self.outcome = Outcome.ENDED

    async def _relay_until_over(self, bus: Bus, record: TaskRecord, stopping: asyncio.Event) -> OutputReport:
        recorder = self._recorder
        relay = self._relay = Relay(bus, self._job, record, self._clock, recorder.report_soon, recorder.ours)
        async with asyncio.TaskGroup() as group:
            running = [
                start(group, relay.run(self._end), "relay"),
                start(group, recorder.reporting(relay.report, relay.origin), "report"),
                start(group, recorder.following(self._end, relay.update), "record"),
            ]
            ends = [
                start(group, event.wait(), name)
                for event, name in (
                    (self._ending, "end"),
                    (stopping, "release"),
                    (recorder.fenced, "fenced"),
                )
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends + running:
                await stop(task)
        return relay.report()

    def _end(self, reason: EndReason = EndReason.STOPPED) -> None:
        if not self._ending.is_set():
            self._end_reason = reason
            self._ending.set()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a call, `stop` or `inspect`. A stop by call is the faster way; the record is the sure one."""
        match request.get("do"):
            case "stop":
                self._end()
                return {"stopping": True}
            case "inspect":
                report = self._relay.report() if self._relay else OutputReport()
                return {"epoch": self._recorder.epoch, **asdict(report)}
            case unknown:
                return {"error": f"a task does not know {unknown!r}"}
