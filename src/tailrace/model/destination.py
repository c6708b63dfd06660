"""Destination: the life of one push, as a table and a clock handed in (spec/04 section 4.1).

A destination is IDLE until there is something to push. CONNECTING and RECOVERING try again and again, with growing
pauses, and are told each 5 s; after 60 s the destination is a FAILURE, stays one, and is told as IDLE too, which
callers take for its end. RUNNING means that media has left the socket and is being taken, not that a connection stands.
Being asked to stop leads to DISCONNECTING from any state that may hold a connection, and ends in IDLE.
"""

from dataclasses import dataclass

from tailrace.errors import StateError
from tailrace.model.backoff import Backoff
from tailrace.model.destination_fault import Fault
from tailrace.model.task import DestinationStatus as Status

# The first retry comes at once for a viewer; the longest pause is the rhythm in which the state is told.
RETRY = Backoff(first=0.25, most=5.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a destination is tried and told of. All in seconds."""

    # spec/04 section 4.1: FAILURE 60 s after the first CONNECTING or RECOVERING, which are told each 5 s until then.
    window: float = 60.0
    repeat: float = 5.0
    retry: Backoff = RETRY
    # A connection that breaks sooner was not good: pauses go on growing, so that a CDN that takes every stream and
    # breaks it at once is not dialled, and told of, four times a second. Longer than it takes to find out that a CDN
    # reads nothing.
    steady: float = 15.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Needed:
    """There is media to push."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """An earlier child of the task has pushed here, and this one goes on."""

    why: str


@dataclass(frozen=True, slots=True)
class MediaFlowed:
    """A key frame, or sound of an audio-only task, has left the socket and was taken."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A try failed, or a connection ended."""

    why: str
    fault: Fault = Fault.LOST


@dataclass(frozen=True, slots=True)
class Released:
    """This child lets the destination go, and another one will go on."""

    why: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """The time of a `Wake` has come. `waiting`: nothing can be tried, or it was and there is no media yet."""

    waiting: bool = False


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The time for retries is over."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The task ends, or its URL was removed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection has been closed in order."""


Event = Needed | Resumed | MediaFlowed | Lost | Released | Ticked | GaveUp | StopAsked | Closed


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect after so many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class Wake:
    """Tell of `Ticked` after so many seconds; it replaces an earlier one."""

    after: float


@dataclass(frozen=True, slots=True)
class Report:
    """The state has changed, or (`repeated`) is told again."""

    status: Status
    why: str
    repeated: bool = False


Command = Dial | Wake | Report


NEXT: dict[tuple[Status, type[Event]], Status] = {
    (Status.IDLE, Needed): Status.CONNECTING,
    (Status.IDLE, Resumed): Status.RECOVERING,
    (Status.CONNECTING, MediaFlowed): Status.RUNNING,
    (Status.CONNECTING, Lost): Status.CONNECTING,
    (Status.CONNECTING, Ticked): Status.CONNECTING,
    (Status.CONNECTING, GaveUp): Status.FAILURE,
    (Status.CONNECTING, Released): Status.CONNECTING,
    (Status.RUNNING, Lost): Status.RECOVERING,
    (Status.RUNNING, Released): Status.RECOVERING,
    (Status.RECOVERING, MediaFlowed): Status.RUNNING,
    (Status.RECOVERING, Lost): Status.RECOVERING,
    (Status.RECOVERING, Ticked): Status.RECOVERING,
    (Status.RECOVERING, GaveUp): Status.FAILURE,
    (Status.RECOVERING, Released): Status.RECOVERING,
    (Status.FAILURE, Lost): Status.FAILURE,  # a try that was under way
    (Status.CONNECTING, StopAsked): Status.DISCONNECTING,
    (Status.RUNNING, StopAsked): Status.DISCONNECTING,
    (Status.RECOVERING, StopAsked): Status.DISCONNECTING,
    (Status.DISCONNECTING, Closed): Status.IDLE,
}


class DestinationLife:
    """One destination's state. `handle` refuses what the table does not know and changes nothing then.

    `why` and `fault` say what was wrong last, until media flows. `attempt` is the number of the try that goes on or
    comes next, since the connection was last good; it comes at `retry_at` by the clock of `handle`, 0.0 when none is to
    come.
    """

    def __init__(self, patience: Patience = PATIENCE, status: Status = Status.IDLE) -> None:
        self.status = status
        self.why = ""
        self.fault: int = Fault.NONE
        self.attempt = 0
        self.retry_at = 0.0
        self._patience = patience
        self._losses = 0
        self._running_since = 0.0
        self._trying_since = 0.0
        self._tell_at = 0.0
        self._gives_up_at = 0.0

    @property
    def trying(self) -> bool:
        """Whether it is CONNECTING or RECOVERING."""
        return self.status in (Status.CONNECTING, Status.RECOVERING)

    def handle(self, event: Event, now: float, chance: float = 0.0) -> list[Command]:
        """Return what to do. `now` in seconds; `chance` is a random number in [0, 1) for the jitter of a retry."""
        status = NEXT.get((self.status, type(event)))
        if status is None:
            raise StateError(f"{type(event).__name__} while {self.status.name}")
        before, self.status = self.status, status
        match event:
            case Needed():
                return self._begin(now)
            case Resumed(why):
                self.why = why
                return self._begin(now)
            case MediaFlowed():
                self.why, self.fault, self.retry_at = "", Fault.NONE, 0.0
                self._running_since = now
            case Lost() if status is Status.FAILURE:
                pass
            case Lost(why, fault):
                self.why, self.fault = why, fault
                return self._try_again(before, now, chance)
            case Ticked(waiting):
                return self._tick(waiting, now)
            case Released(why):
                self.why = why
            case GaveUp():
                self.retry_at = 0.0
                return [Report(Status.FAILURE, self.why), Report(Status.IDLE, self.why)]
            case StopAsked():
                self.why, self.fault, self.retry_at = "", Fault.NONE, 0.0
            case Closed():
                pass
        return [Report(status, self.why)] if status is not before else []

    def _begin(self, now: float) -> list[Command]:
        self.attempt, self._losses = 1, 0
        return [Report(self.status, self.why), Dial(after=0.0), self._count_from(now)]

    def _count_from(self, now: float) -> Wake:
        self._trying_since = self._tell_at = now
        self._gives_up_at = now + self._patience.window
        return self._next_wake(now)

    def _try_again(self, before: Status, now: float, chance: float) -> list[Command]:
        commands: list[Command] = []
        self.attempt += 1
        if before is Status.RUNNING:
            if now - self._running_since >= self._patience.steady:
                self.attempt, self._losses = 1, 0
            commands += [Report(self.status, self.why), self._count_from(now)]
        self._losses += 1
        pause = self._patience.retry.pause(self._losses, chance)
        if now + pause < self._gives_up_at:
            self.retry_at = now + pause
            return [*commands, Dial(after=pause)]
        # Nothing more is tried; what remains of the window is waited for, so that FAILURE comes when it is due.
        self.attempt -= 1
        self.retry_at = 0.0
        return commands

    def _tick(self, waiting: bool, now: float) -> list[Command]:
        if waiting:
            self._gives_up_at = now + self._patience.window
        elif now >= self._gives_up_at:
            return self.handle(GaveUp(), now)
        tells = self._tell_at <= now < self._trying_since + self._patience.window
        again: list[Command] = [Report(self.status, self.why, repeated=True)] if tells else []
        return [*again, self._next_wake(now)]

    def _next_wake(self, now: float) -> Wake:
        """Return the next moment at which the state is told again, or is over."""
        while self._tell_at <= now:
            self._tell_at += self._patience.repeat
        return Wake(min(self._tell_at, self._gives_up_at) - now)
