"""Destination: the life of one push, as a table and a clock handed in (spec/04 section 4.1).

A destination is IDLE until there is something to push. CONNECTING and RECOVERING try again and again, with growing
pauses, for 60 s; then the destination is a FAILURE and stays one. RUNNING means that media has left the socket, not
that a connection stands. Being asked to stop leads to DISCONNECTING from any state that may hold a connection, and
ends in IDLE.
"""

from dataclasses import dataclass

from tailrace.errors import StateError
from tailrace.model.backoff import Backoff
from tailrace.model.task import DestinationStatus as Status

# spec/04 section 4.1: no further tries 60 s after the first CONNECTING or RECOVERING.
RETRY_WINDOW = 60.0
# The first retry comes at once for a viewer; the longest pause is the 5 s rhythm of the state callbacks.
RETRY = Backoff(first=0.25, most=5.0)


@dataclass(frozen=True, slots=True)
class Needed:
    """There is media to push."""


@dataclass(frozen=True, slots=True)
class MediaFlowed:
    """A key frame, or sound of an audio-only task, has left the socket."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A try failed, or a connection ended."""

    why: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The time for retries is over."""

    why: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The task ends, or its URL was removed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection has been closed in order."""


Event = Needed | MediaFlowed | Lost | GaveUp | StopAsked | Closed


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect after so many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class Report:
    """The state has changed."""

    status: Status
    why: str


Command = Dial | Report


NEXT: dict[tuple[Status, type[Event]], Status] = {
    (Status.IDLE, Needed): Status.CONNECTING,
    (Status.CONNECTING, MediaFlowed): Status.RUNNING,
    (Status.CONNECTING, Lost): Status.CONNECTING,
    (Status.CONNECTING, GaveUp): Status.FAILURE,
    (Status.RUNNING, Lost): Status.RECOVERING,
    (Status.RECOVERING, MediaFlowed): Status.RUNNING,
    (Status.RECOVERING, Lost): Status.RECOVERING,
    (Status.RECOVERING, GaveUp): Status.FAILURE,
    (Status.CONNECTING, StopAsked): Status.DISCONNECTING,
    (Status.RUNNING, StopAsked): Status.DISCONNECTING,
    (Status.RECOVERING, StopAsked): Status.DISCONNECTING,
    (Status.DISCONNECTING, Closed): Status.IDLE,
}


class DestinationLife:
    """One destination's state. `handle` refuses what the table does not know and changes nothing then."""

    def __init__(self) -> None:
        self.status = Status.IDLE
        self._trying_since = 0.0
        self._tries = 0

    def handle(self, event: Event, now: float, chance: float = 0.0) -> list[Command]:
        """Return what to do. `now` in seconds; `chance` is a random number in [0, 1) for the jitter of a retry."""
        status = NEXT.get((self.status, type(event)))
        if status is None:
            raise StateError(f"{type(event).__name__} while {self.status.name}")
        before, self.status = self.status, status
        why = event.why if isinstance(event, Lost | GaveUp) else ""
        commands: list[Command] = [Report(status, why)] if status is not before or why else []
        match status, event:
            case Status.CONNECTING, Needed():
                self._trying_since, self._tries = now, 0
                commands.append(Dial(after=0.0))
            case ((Status.CONNECTING | Status.RECOVERING), Lost(why)):
                if before is Status.RUNNING:
                    self._trying_since, self._tries = now, 0
                self._tries += 1
                pause = RETRY.pause(self._tries, chance)
                if now + pause - self._trying_since > RETRY_WINDOW:
                    return commands + self.handle(GaveUp(why), now)
                commands.append(Dial(after=pause))
            case _:
                pass
        return commands
