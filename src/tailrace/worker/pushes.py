"""Pushes: all destinations of a task, each by itself; they come and go while the task runs."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence

from tailrace.clock import Clock
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport
from tailrace.net.guard import Guard
from tailrace.supervise import start, stop
from tailrace.worker.job import Job
from tailrace.worker.push import Ending, Push, Tell
from tailrace.worker.push_rate import RATE_STEP
from tailrace.worker.reel import Message, Opening


class Pushes:
    """All destinations of one task.

    `changed` is called when a destination's state has changed, `tell` with what exactly has happened to it; `opening`
    gives what one that joins gets first.
    """

    def __init__(
        self, job: Job, opening: Callable[[], Opening], clock: Clock, changed: Callable[[], None], tell: Tell
    ) -> None:
        self._guard = Guard(job.allow_private)
        self._tls = None if job.tls_verify else _unverified()
        self._opening = opening
        self._clock = clock
        self._changed = changed
        self._tell = tell
        self._wanted: dict[int, Destination] = {}
        self._pushes: dict[int, Push] = {}
        self._known: dict[int, DestinationReport] = {}
        self._needed = False
        self._may_begin = asyncio.Event()
        self._news = asyncio.Event()

    def go_on_from(self, reports: Iterable[DestinationReport]) -> None:
        """Count on from what an earlier child of this task has reported."""
        self._known = {report.number: report for report in reports}

    def want(self, destinations: Sequence[Destination]) -> None:
        """Push to these from now on: new ones are dialled, those not named any more are ended in order."""
        self._wanted = {destination.number: destination for destination in destinations}
        self._news.set()

    def end_as(self, ending: Ending) -> None:
        """Say how the pushes are to end, before `run` is cancelled."""
        for push in self._pushes.values():
            push.end_as(ending)

    def need(self) -> None:
        """Dial now, before there is a message to send."""
        self._needed = True
        for push in self._pushes.values():
            push.need()

    def begin(self) -> None:
        """Send what there is, from now on: the record knows which output time it has.

        A child that dies with its first messages is followed by one that does not know of them otherwise, and whose
        times would go back.
        """
        self._may_begin.set()

    def offer(self, message: Message) -> None:
        """Hand a message to every destination."""
        for push in self._pushes.values():
            push.offer(message)

    def reports(self) -> tuple[DestinationReport, ...]:
        """Return the state of every destination that is wanted, in the order in which they are wanted."""
        return tuple(
            self._pushes[number].report()
            if number in self._pushes
            else self._known.get(number, DestinationReport(number))
            for number in self._wanted
        )

    async def run(self) -> None:
        """Push until cancelled, then end every push in order."""
        running: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            start(group, self._measure(), "bit rates")
            while True:
                for number in self._pushes.keys() - self._wanted.keys():
                    del self._pushes[number]  # nothing more is offered to it
                    start(group, stop(running.pop(number)), f"end of push {number}")
                for number, destination in self._wanted.items():
                    if number not in self._pushes:
                        push = self._pushes[number] = self._push(destination)
                        running[number] = start(group, push.run(), f"push {number}")
                self._changed()
                await self._news.wait()
                self._news.clear()

    def _push(self, destination: Destination) -> Push:
        push = Push(
            destination,
            self._guard,
            self._tls,
            self._opening,
            self._clock,
            self._changed,
            self._tell,
            may_begin=self._may_begin,
        )
        if known := self._known.pop(destination.number, None):
            push.go_on_from(known)
        if self._needed:
            push.need()
        return push

    async def _measure(self) -> None:
        while True:
            for push in self._pushes.values():
                push.measure()
            await asyncio.sleep(RATE_STEP)


def _unverified() -> ssl.SSLContext:
    """A TLS context for `destinations.tls_verify = false`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
