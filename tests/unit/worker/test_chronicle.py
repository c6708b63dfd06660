"""Chronicle: everything that is told has its task, its place, its time and a name; nothing is told after its end."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tailrace.bus.journal import Journal
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.plan import Plan
from tailrace.model.task import DestinationStatus, TaskRecord
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import PushUrl
from tailrace.worker.chronicle import Chronicle
from tests.fakes.clock import ManualClock

RECORD = TaskRecord(TaskId("t"), Plan(Room(SdkAppId(1), "r", numeric=True), UserId("robot"), ()), epoch=2)
RUNNING = DestinationEvent(3, PushUrl("rtmp://cdn/live/x"), DestinationStatus.RUNNING)


class Stream:
    """Keeps what is stored."""

    def __init__(self) -> None:
        self.stored: list[tuple[TaskEvent, str]] = []

    async def of_task(self, event: TaskEvent, name: str = "", /) -> int:
        """Keep it."""
        self.stored.append((event, name))
        return len(self.stored)


def stored(tell: Callable[[Chronicle], None], record: TaskRecord = RECORD) -> list[tuple[TaskEvent, str]]:
    """Return what is stored of what `tell` tells."""

    async def main() -> list[tuple[TaskEvent, str]]:
        stream = Stream()
        journal = Journal(stream)
        async with journal.writing():
            tell(Chronicle(journal, record, ManualClock()))
        return stream.stored

    return asyncio.run(main())


def test_an_event_is_of_its_task_and_has_the_time_of_its_telling() -> None:
    def tell(chronicle: Chronicle) -> None:
        chronicle.tell(What.VISIBLE, "words", revision=4)
        chronicle.tell_of_destination(RUNNING, "flows")

    (event, _), (pushed, _) = stored(tell)

    now = ManualClock().unix()
    assert event == TaskEvent(
        now, What.VISIBLE, RECORD.task_id, RECORD.plan.room, UserId("robot"), "words", epoch=2, revision=4
    )
    assert (pushed.what, pushed.words, pushed.destination) == (What.DESTINATION, "flows", RUNNING)


def test_events_of_one_epoch_have_names_of_their_own() -> None:
    def tell(chronicle: Chronicle) -> None:
        for _ in range(3):
            chronicle.tell(What.SOURCE_LOST)
            chronicle.tell_of_destination(RUNNING, "")

    names = [name for _, name in stored(tell)]

    assert len(set(names)) == 6
    assert all(names)


def test_nothing_is_told_once_another_child_tells_the_story() -> None:
    def tell(chronicle: Chronicle) -> None:
        chronicle.tell(What.TAKEN)
        chronicle.close()
        chronicle.tell(What.ENDED)

    assert [event.what for event, _ in stored(tell)] == [What.TAKEN]


def test_a_destination_that_moves_to_another_child_is_told_of_under_one_name() -> None:
    recovering = replace(RUNNING, status=DestinationStatus.RECOVERING)

    def leave(chronicle: Chronicle) -> None:
        chronicle.tell_of_destination(RUNNING, "")
        chronicle.tell_of_destination(recovering, "lost for a moment")
        chronicle.tell_of_destination(RUNNING, "")
        chronicle.leave("moves")
        chronicle.tell_of_destination(recovering, "moves")

    def take_over(chronicle: Chronicle) -> None:
        chronicle.tell(What.TAKEN)
        chronicle.tell_of_destination(recovering, "taken over")
        chronicle.tell_of_destination(replace(recovering, repeated=True), "taken over")

    left = stored(leave)
    taken = stored(take_over, replace(RECORD, epoch=RECORD.epoch + 1))

    assert [event.what for event, _ in left[-2:]] == [What.RELEASED, What.DESTINATION]
    assert left[-1][1] == taken[1][1]
    assert len({name for _, name in left + taken}) == len(left + taken) - 1
