"""Pushes: destinations come and go while a task runs, each by itself."""

import asyncio

import uvloop

from tailrace.ids import SdkAppId, TaskId
from tailrace.model.destination_fault import Fault
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import DestinationEvent
from tailrace.secret import PushUrl, Secret
from tailrace.supervise import start, stop
from tailrace.worker.job import Job
from tailrace.worker.push import Ending
from tailrace.worker.pushes import Pushes
from tests.fakes.cdn import FakeCdn
from tests.fakes.clock import ManualClock
from tests.harness.pushing import Output, play

JOB = Job(SdkAppId(1), TaskId("t"), "worker", Secret(""), ("127.0.0.0/8",), True, 6.0, "veryfast", 1)


class Told:
    """Pushes of an output, and what they told, by destination."""

    def __init__(self) -> None:
        self.output = Output()
        self.events: list[DestinationEvent] = []
        self.pushes = Pushes(JOB, self.output.opening, ManualClock(), lambda: None, lambda event, _: self._tell(event))
        self.output.takers.append(self.pushes)

    def statuses(self, number: int) -> list[Status]:
        return [event.status for event in self.events if event.number == number]

    def _tell(self, event: DestinationEvent) -> None:
        self.events.append(event)


def test_one_that_is_removed_ends_and_one_that_is_added_begins_while_the_others_go_on() -> None:
    async def test() -> None:
        told = Told()
        async with FakeCdn() as cdn, asyncio.TaskGroup() as group:
            first, second, third = (Destination(number, PushUrl(cdn.url(f"key-{number}"))) for number in range(3))
            told.pushes.want([first, second])
            running = start(group, told.pushes.run(), "pushes")
            await play(told.output, lambda: all(Status.RUNNING in told.statuses(number) for number in (0, 1)))
            told.pushes.want([second, third])
            await play(told.output, lambda: Status.IDLE in told.statuses(0) and Status.RUNNING in told.statuses(2))
            assert [report.number for report in told.pushes.reports()] == [1, 2]
            told.pushes.end_as(Ending("robot kicked", Fault.TASK_ENDED))
            await stop(running)

        ending = [Status.DISCONNECTING, Status.IDLE]
        for number in range(3):
            assert told.statuses(number) == [Status.CONNECTING, Status.RUNNING, *ending]
        codes = {event.number: event.error_code for event in told.events if event.status is Status.IDLE}
        assert codes == {0: 0, 1: Fault.TASK_ENDED, 2: Fault.TASK_ENDED}

    uvloop.run(test())


def test_a_failure_stays_one_for_the_next_child_until_its_url_is_another_one() -> None:
    async def test() -> None:
        told = Told()
        async with FakeCdn() as cdn, asyncio.TaskGroup() as group:
            failed = DestinationReport(0, Status.FAILURE, reason="refused", error_code=Fault.KEY_REFUSED)
            told.pushes.go_on_from([failed])
            told.pushes.want([Destination(0, PushUrl(cdn.url("failed"))), Destination(1, PushUrl(cdn.url("good")))])
            running = start(group, told.pushes.run(), "pushes")
            await play(told.output, lambda: Status.RUNNING in told.statuses(1))
            assert told.pushes.reports()[0] == failed
            told.pushes.want([Destination(2, PushUrl(cdn.url("changed")))])
            await play(told.output, lambda: Status.RUNNING in told.statuses(2))
            await stop(running)
            assert told.statuses(0) == []
            assert {stream.name for stream in cdn.streams} == {"good", "changed"}

    uvloop.run(test())


def test_what_an_earlier_child_has_reported_is_reported_until_there_is_something_new() -> None:
    told = Told()
    earlier = DestinationReport(4, Status.RUNNING, 1.0, sent_bytes=5)
    told.pushes.go_on_from([earlier])
    told.pushes.want([Destination(4, PushUrl("rtmp://127.0.0.1/live/key")), Destination(5, PushUrl("rtmp://a/b/c"))])

    assert told.pushes.reports() == (earlier, DestinationReport(5))
