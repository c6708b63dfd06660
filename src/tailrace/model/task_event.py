"""Task event: one thing that happened to a task, as stored in the stream of events.

The time line of a task (API, console, log) and its callbacks (spec/04 section 4) are made of these.
"""

from dataclasses import dataclass
from enum import StrEnum

from tailrace.ids import Room, TaskId, UserId
from tailrace.model.destination_fault import Fault
from tailrace.model.task import DestinationStatus, EndReason, TaskRecord
from tailrace.secret import PushUrl


class What(StrEnum):
    """What happened."""

    QUEUED = "queued"  # a start was accepted
    TAKEN = "taken"  # a worker's child has taken the task over: the first time, or after a crash or a hand-over
    CRASHED = "crashed"  # a child ended by itself, or was ended because it stood still
    RELEASED = "released"  # a child let go in order, and another worker will take over
    UPDATED = "updated"  # an update was accepted
    VISIBLE = "visible"  # the output shows another revision
    SOURCE_LOST = "source lost"  # nothing comes from the publisher any more; the output is kept alive
    SOURCE_BACK = "source back"
    DESTINATION = "destination"  # `destination` says what
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DestinationEvent:
    """A destination's state. `repeated`: it is still the same one, and told again (spec/04 section 4.1).

    `attempt` counts the tries since the connection was last good, from 1; `retry_after` is the pause in seconds before
    the next one, 0.0 when there is none. `error_code` is of docs/destinations.md, 0 while all is well. The counters are
    those of DestinationReport.
    """

    number: int
    url: PushUrl
    status: DestinationStatus
    repeated: bool = False
    error_code: int = 0
    attempt: int = 0
    retry_after: float = 0.0
    sent_bytes: int = 0
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """`at` is Unix seconds; `robot` is AgentParams.UserId; `words` says why, for people."""

    at: float
    what: What
    task_id: TaskId
    room: Room
    robot: UserId
    words: str = ""
    epoch: int = 0
    revision: int = 0
    destination: DestinationEvent | None = None

    @classmethod
    def of(
        cls,
        record: TaskRecord,
        what: What,
        at: float,
        words: str = "",
        revision: int = 0,
        destination: DestinationEvent | None = None,
    ) -> "TaskEvent":
        """Return an event of the task that `record` is of."""
        plan = record.plan
        return cls(at, what, record.task_id, plan.room, plan.robot, words, record.epoch, revision, destination)


# Destinations have numbers that are never used again, and each of these ends one of them.
_LAST = (DestinationStatus.DISCONNECTING, DestinationStatus.IDLE)
_UNASKED = (EndReason.ROBOT_KICKED, EndReason.FAILED)
_OVER = (DestinationStatus.IDLE, DestinationStatus.FAILURE)


def name_of(event: TaskEvent) -> str:
    """Return the name of an event that can happen to a task but once, empty for others.

    Such an event is told by everybody who knows of it, so that the death of one does not lose it; the name keeps it
    single.
    """
    match event.what:
        case What.QUEUED | What.STOPPING | What.ENDED:
            return f"{event.task_id}/{event.what}"
        case What.UPDATED:
            return f"{event.task_id}/{event.what}/{event.revision}"
        case What.DESTINATION if event.destination is not None and event.destination.status in _LAST:
            return f"{event.task_id}/{event.what}/{event.destination.number}/{event.destination.status}"
    return ""


def error_code_of(reason: str) -> int:
    """Return the code (docs/destinations.md) of destinations whose task ends for `reason`: 0 unless nobody wished it.

    See spec/04 section 4.1.
    """
    return Fault.TASK_ENDED if reason in _UNASKED else Fault.NONE


def endings(record: TaskRecord, at: float) -> list[TaskEvent]:
    """Return what is to be told of a task that ends without a child: its destinations' ends, then its own.

    The destinations are as `record` says; one that was never dialled, or has failed, has ended before.
    """
    dialled = {report.number: report for report in record.output.destinations if report.status not in _OVER}
    told = [
        DestinationEvent(destination.number, destination.url, status, error_code=error_code_of(record.reason))
        for destination in record.plan.destinations
        if destination.number in dialled
        for status in _LAST
    ]
    return [
        *(TaskEvent.of(record, What.DESTINATION, at, record.reason, destination=destination) for destination in told),
        TaskEvent.of(record, What.ENDED, at, record.reason),
    ]
