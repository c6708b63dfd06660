"""Story: what control tells of a task's start, updates and end."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tailrace.bus.journal import Journal
from tailrace.control.story import Story
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import DestinationReport, EndReason, OutputReport, TaskRecord, TaskState
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import TaskEvent, What
from tailrace.secret import PushUrl

PLAN = Plan(Room(SdkAppId(1), "r", numeric=True), UserId("robot"), (Destination(0, PushUrl("rtmp://cdn/live/x")),))
QUEUED = TaskRecord(TaskId("t"), PLAN, created_at=5.0, state_since=5.0)
RUNNING = replace(QUEUED.take_over("w", 1, 6.0), output=OutputReport((DestinationReport(0, Status.RUNNING),)))


class Stream:
    """Keeps what is stored."""

    def __init__(self) -> None:
        self.stored: list[TaskEvent] = []

    async def of_task(self, event: TaskEvent, name: str = "", /) -> int:
        """Keep it; every event of control has a name."""
        assert name
        self.stored.append(event)
        return len(self.stored)


def told(tell: Callable[[Story], None]) -> list[TaskEvent]:
    async def main() -> list[TaskEvent]:
        stream = Stream()
        journal = Journal(stream)
        async with journal.writing():
            tell(Story(journal))
        return stream.stored

    return asyncio.run(main())


def test_a_start_is_told_with_the_time_of_the_record() -> None:
    (event,) = told(lambda story: story.started(QUEUED))

    assert (event.what, event.at, event.task_id, event.robot) == (What.QUEUED, 5.0, "t", "robot")


def test_an_update_is_told_with_its_revision() -> None:
    (event,) = told(lambda story: story.updated(replace(RUNNING, revision=3), 8.0))

    assert (event.what, event.at, event.revision) == (What.UPDATED, 8.0, 3)


def test_a_stop_of_a_task_that_runs_leaves_its_end_to_its_child() -> None:
    (event,) = told(lambda story: story.stops(RUNNING.move(TaskState.STOPPING, 9.0, EndReason.STOPPED)))

    assert (event.what, event.at, event.words) == (What.STOPPING, 9.0, "stopped")


def test_the_end_of_a_task_that_nobody_runs_is_told_with_those_of_its_destinations() -> None:
    events = told(lambda story: story.stops(RUNNING.move(TaskState.ENDED, 9.0, EndReason.STOPPED)))

    assert [event.destination.status for event in events if event.destination] == [Status.DISCONNECTING, Status.IDLE]
    assert (events[-1].what, events[-1].at, events[-1].words) == (What.ENDED, 9.0, "stopped")
