"""Child: the process that runs one task, from taking it over to its orderly end.

It says first that it can be called, then takes the record over and follows it: what is stored there, a stop or another
child's taking-over, reaches it whether or not anybody could call it.
"""

import asyncio
import logging
import os
import threading
from dataclasses import asdict
from typing import Any, NoReturn

from tailrace import logs
from tailrace.bus import calls
from tailrace.bus.connection import Bus, connect
from tailrace.bus.events import Events
from tailrace.bus.journal import Journal
from tailrace.bus.stores import EVENTS_ONCE
from tailrace.bus.tasks import Tasks
from tailrace.clock import SystemClock
from tailrace.model.task import EndReason, OutputReport, TaskRecord, TaskState
from tailrace.model.task_event import TaskEvent, What, endings, error_code_of, name_of
from tailrace.supervise import run_until_stopped, start, stop
from tailrace.worker.chronicle import Chronicle
from tailrace.worker.heartbeat import BEAT_EACH, Pulse
from tailrace.worker.job import Job, Outcome
from tailrace.worker.push import Ending
from tailrace.worker.record import Fenced, Recorder
from tailrace.worker.relay import Relay

_log = logging.getLogger(__name__)

RELEASING = "the task moves to another worker"


def run_child(job: dict[str, Any], lifeline: int, pulse: Pulse) -> int:
    """Run one task in this process; return an `Outcome` for the exit status."""
    child = Child(Job.decode(job), pulse)
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

    def __init__(self, job: Job, pulse: Pulse) -> None:
        self.outcome = Outcome.RELEASED
        self._job = job
        self._pulse = pulse
        self._clock = SystemClock()
        self._ending = asyncio.Event()
        self._end_reason = EndReason.STOPPED
        self._relay: Relay | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Take the task over and run it until it ends, is fenced, or `stopping` asks to release it."""
        async with asyncio.TaskGroup() as group:
            beating = start(group, self._beat(), "heartbeat")
            await self._connect_and_run(stopping)
            await stop(beating)

    async def _beat(self) -> NoReturn:
        while True:
            self._pulse.beat(self._relay.made() if self._relay else ())
            await asyncio.sleep(BEAT_EACH)

    async def _connect_and_run(self, stopping: asyncio.Event) -> None:
        job = self._job
        bus = await connect(job.bus_url, f"task {job.task_id[:16]}")
        try:
            self._recorder = Recorder(Tasks(bus), job, self._clock)
            service = await calls.serve(bus, job.task_id, self._answer)
            journal = Journal(Events(bus))
            try:
                async with journal.writing():
                    self.outcome = await self._run(bus, journal, stopping)
            finally:
                await service.close()
        finally:
            await bus.close()

    async def _run(self, bus: Bus, journal: Journal, stopping: asyncio.Event) -> Outcome:
        record = await self._recorder.take_over(os.getpid())
        if record is None:
            return Outcome.ENDED
        if not record.live:
            self._tell_again(record.state_since, journal, *endings(record, record.state_since))
            return Outcome.ENDED
        chronicle = Chronicle(journal, record, self._clock)
        self._tell_again(record.created_at, journal, TaskEvent.of(record, What.QUEUED, record.created_at))
        chronicle.tell(What.TAKEN, f"by worker {record.worker}")
        if record.state is TaskState.RUNNING:
            output = await self._relay_until_over(bus, record, chronicle, stopping)
            if self._recorder.fenced.is_set():
                return Outcome.FENCED
            if not self._ending.is_set():
                await self._recorder.released(output)
                return Outcome.RELEASED
        else:
            output = record.output
            _tell_named(journal, *endings(record, self._clock.unix()))
        try:
            await self._recorder.ended(self._end_reason, output)
        except Fenced:
            return Outcome.FENCED
        chronicle.tell(What.ENDED, self._end_reason)
        return Outcome.ENDED

    async def _relay_until_over(
        self, bus: Bus, record: TaskRecord, chronicle: Chronicle, stopping: asyncio.Event
    ) -> OutputReport:
        recorder = self._recorder
        relay = self._relay = Relay(bus, self._job, record, self._clock, recorder.report_soon, recorder.ours, chronicle)
        async with asyncio.TaskGroup() as group:
            running = [
                start(group, relay.run(self._end), "relay"),
                start(group, recorder.reporting(relay.report, relay.origin, relay.origin_recorded), "report"),
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
            self._prepare_end(relay, chronicle)
            for task in ends + running:
                await stop(task)
        return relay.report()

    def _prepare_end(self, relay: Relay, chronicle: Chronicle) -> None:
        if self._recorder.fenced.is_set():
            chronicle.close()
            relay.keep_places()  # the next child may not have taken them yet
        elif not self._ending.is_set():
            chronicle.leave(RELEASING)
            relay.keep_places()
            relay.end_as(Ending(RELEASING, moves=True))
        else:
            chronicle.tell(What.STOPPING, self._end_reason)
            relay.end_as(Ending(self._end_reason, error_code_of(self._end_reason)))

    def _tell_again(self, since: float, journal: Journal, *events: TaskEvent) -> None:
        """Tell what whoever did it may not have told before he died. When names are forgotten, it is long told."""
        if self._clock.unix() - since < EVENTS_ONCE / 2:
            _tell_named(journal, *events)

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


def _tell_named(journal: Journal, *events: TaskEvent) -> None:
    for event in events:
        journal.add(event, name_of(event))
