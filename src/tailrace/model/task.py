"""Task: one relay's stored record, its life, and what a child reports of it.

A record moves forward only: QUEUED, RUNNING, STOPPING, ENDED. RUNNING means that a child has taken the task over (each
taking-over raises `epoch`); whether media flows is the state of each destination. STOPPING and ENDED may be reached
from any earlier state; ENDED is final and keeps its first reason.
"""

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from tailrace.errors import StateError
from tailrace.ids import TaskId
from tailrace.model.plan import Plan, RoomTarget


class TaskState(StrEnum):
    """The life of a task, in the order in which it may move."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a task ended."""

    STOPPED = "stopped"
    IDLE = "idle"
    ROBOT_KICKED = "robot kicked"
    FAILED = "failed"


class DestinationStatus(IntEnum):
    """State of one destination; the value is `Status` of callback 401 (spec/04 section 4.1)."""

    IDLE = 0
    CONNECTING = 1
    RUNNING = 2
    RECOVERING = 3
    FAILURE = 4
    DISCONNECTING = 5


_ORDER = list(TaskState)


@dataclass(frozen=True, slots=True)
class DestinationReport:
    """What the destination `number` has done so far. Times are Unix seconds; `reason` says why in words.

    `error_code` is of docs/destinations.md, 0 while all is well. `attempt` is the try that goes on or comes next, since
    the connection was last good; it comes at `retry_at`, 0.0 when it goes on or none is to come.
    """

    number: int
    status: DestinationStatus = DestinationStatus.IDLE
    since: float = 0.0
    reason: str = ""
    video_frames: int = 0
    audio_frames: int = 0
    sent_bytes: int = 0
    dropped_frames: int = 0
    bitrate_kbps: float = 0.0
    connects: int = 0
    error_code: int = 0
    attempt: int = 0
    retry_at: float = 0.0
    dropped_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """How the output is doing in a room that it is fed back into: RUNNING once something has been sent there.

    `since` is Unix seconds; frames are counted over all children of the task.
    """

    target: RoomTarget
    status: DestinationStatus = DestinationStatus.IDLE
    since: float = 0.0
    video_frames: int = 0
    audio_frames: int = 0


@dataclass(frozen=True, slots=True)
class WindowReport:
    """One window of a mixed picture as it is now, in pixels of the canvas. `user` is empty while nobody is in it.

    `live`: the user's own picture is shown, not a placeholder.
    """

    x: int
    y: int
    width: int
    height: int
    layer: int
    room_id: str = ""
    user: str = ""
    stream: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class OutputReport:
    """What a child says of its task's output.

    `revision` is the plan that the output shows, since the Unix time `since`; `notes` says in words where it differs
    from what was asked, such as an image that could not be had. `width` and `height` are those of the pictures, `sound`
    says whether there is any: who takes the task over must know what its players expect.
    """

    destinations: tuple[DestinationReport, ...] = ()
    revision: int = -1
    since: float = 0.0
    notes: tuple[str, ...] = ()
    windows: tuple[WindowReport, ...] = ()
    width: int = 0
    height: int = 0
    sound: bool = False
    feedback: tuple[FeedbackReport, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task as stored in the `tasks` bucket. Times are Unix seconds, 0.0 while unknown.

    `origin` is the Unix time of output timestamp 0, so that a child that takes over goes on where the last one was.
    `pid` is the child that runs it, on the machine of `worker`. `revision` counts the updates of `plan`; `sequence` is
    the SequenceNumber of the last one (-1: there was none), `digest` tells its request from another one. `output` is
    what the child reported last; its windows are not stored.
    """

    task_id: TaskId
    plan: Plan
    state: TaskState = TaskState.QUEUED
    reason: str = ""
    epoch: int = 0
    worker: str = ""
    pid: int = 0
    created_at: float = 0.0
    state_since: float = 0.0
    origin: float = 0.0
    revision: int = 0
    sequence: int = -1
    digest: str = ""
    output: OutputReport = OutputReport()

    def move(self, state: TaskState, now: float, reason: str = "") -> "TaskRecord":
        """Return the record in a later state. Raises StateError when `state` is not later, or ENDED already."""
        if _ORDER.index(state) <= _ORDER.index(self.state) and not (state is self.state is TaskState.RUNNING):
            raise StateError(f"task is {self.state}, it cannot become {state}")
        return replace(self, state=state, state_since=now, reason=reason)

    def take_over(self, worker: str, pid: int, now: float) -> "TaskRecord":
        """Return the record as the next epoch, run by `worker`. A STOPPING task stays STOPPING."""
        if self.state is TaskState.ENDED:
            raise StateError("task has ended, it cannot be taken over")
        state = self.state if self.state is TaskState.STOPPING else TaskState.RUNNING
        return replace(
            self, state=state, state_since=now, epoch=self.epoch + 1, worker=worker, pid=pid, reason=self.reason
        )

    @property
    def live(self) -> bool:
        """Whether the task still has something to do."""
        return self.state is not TaskState.ENDED
