"""Names of events, and the ends of tasks that nobody runs."""

from dataclasses import replace

import pytest

from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.destination_fault import Fault
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import DestinationReport, EndReason, OutputReport, TaskRecord, TaskState
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import DestinationEvent, TaskEvent, What, endings, name_of
from tailrace.secret import PushUrl

ROOM = Room(SdkAppId(1), "r", numeric=False)
URL = PushUrl("rtmp://cdn/live/x")
PLAN = Plan(ROOM, UserId("robot"), tuple(Destination(number, URL) for number in range(6)))


def an_event(what: What, revision: int = 0) -> TaskEvent:
    return TaskEvent(1.0, what, TaskId("t"), ROOM, UserId("robot"), revision=revision)


def told(number: int, status: Status) -> TaskEvent:
    return replace(an_event(What.DESTINATION), destination=DestinationEvent(number, URL, status))


def a_record(reason: EndReason, *statuses: Status) -> TaskRecord:
    reports = tuple(DestinationReport(number, status) for number, status in enumerate(statuses))
    return TaskRecord(TaskId("t"), PLAN, TaskState.ENDED, reason, output=OutputReport(reports))


def test_what_happens_once_has_the_same_name_whoever_tells_it_and_whenever() -> None:
    for what in (What.QUEUED, What.STOPPING, What.ENDED):
        assert name_of(an_event(what)) == name_of(replace(an_event(what), at=9.0, epoch=3, words="other")) != ""
    assert name_of(told(1, Status.IDLE)) == name_of(replace(told(1, Status.IDLE), at=9.0)) != ""


def test_names_of_different_events_differ() -> None:
    events = [
        *(an_event(what) for what in (What.QUEUED, What.STOPPING, What.ENDED)),
        *(an_event(What.UPDATED, revision) for revision in (1, 2)),
        *(told(number, status) for number in (0, 1) for status in (Status.DISCONNECTING, Status.IDLE)),
        replace(an_event(What.QUEUED), task_id=TaskId("u")),
    ]

    assert len({name_of(event) for event in events}) == len(events)


@pytest.mark.parametrize("what", [What.TAKEN, What.CRASHED, What.RELEASED, What.VISIBLE, What.SOURCE_LOST])
def test_what_can_happen_again_has_no_name(what: What) -> None:
    assert name_of(an_event(what)) == ""
    assert name_of(told(0, Status.RUNNING)) == ""


def test_destinations_that_were_dialled_end_before_their_task() -> None:
    record = a_record(
        EndReason.STOPPED,
        Status.IDLE,
        Status.CONNECTING,
        Status.RUNNING,
        Status.RECOVERING,
        Status.FAILURE,
        Status.DISCONNECTING,
    )

    *ends, last = endings(record, 7.0)

    assert [(end.destination.number, end.destination.status) for end in ends if end.destination] == [
        (number, status) for number in (1, 2, 3, 5) for status in (Status.DISCONNECTING, Status.IDLE)
    ]
    assert (last.what, last.words, last.at) == (What.ENDED, "stopped", 7.0)


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        (EndReason.STOPPED, Fault.NONE),
        (EndReason.IDLE, Fault.NONE),
        (EndReason.FAILED, Fault.TASK_ENDED),
        (EndReason.ROBOT_KICKED, Fault.TASK_ENDED),
    ],
)
def test_an_end_that_nobody_wished_has_a_code(reason: EndReason, fault: Fault) -> None:
    first, *_ = endings(a_record(reason, Status.RUNNING), 1.0)

    assert first.destination is not None
    assert first.destination.error_code == fault
