"""Feed: where a task's output comes from: one stream passed through, or a mix."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms
from tailrace.clock import Clock
from tailrace.model.plan import Plan
from tailrace.model.task import WindowReport
from tailrace.model.task_event import What
from tailrace.worker.job import Job
from tailrace.worker.lane import Lane


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run of the same output has sent: players expect that it goes on.

    `size` is the pictures' width and height, zeros when there were none.
    """

    begun: bool = False
    size: tuple[int, int] = (0, 0)
    sound: bool = False


NOTHING_EARLIER = Earlier()


@dataclass(frozen=True, slots=True)
class Stage:
    """What feeds work with.

    `still_ours` says whether the task is this child's; it is asked before anything is put on `lane`. `present` is told
    whether anybody who takes part is in a room; `need` has the destinations dialled; `changed` is called when there are
    other notes; `tell` is for the task's time line. `earlier` is for the feed that a taken-over task begins with.
    """

    bus: Bus
    job: Job
    clock: Clock
    rooms: Rooms
    lane: Lane
    still_ours: Callable[[], Awaitable[bool]]
    present: Callable[[bool], None]
    need: Callable[[], None]
    changed: Callable[[], None]
    tell: Callable[[What, str], None]
    earlier: Earlier = NOTHING_EARLIER


class Feed(Protocol):
    """Puts messages on its lane while `run` runs."""

    async def run(self) -> None:
        """Run until cancelled."""
        ...

    def suits(self, plan: Plan) -> bool:
        """Return whether this feed can do what `plan` says, after a `change`; otherwise it needs another one."""
        ...

    def change(self, plan: Plan, revision: int) -> None:
        """Do what `plan` says from now on."""
        ...

    def made(self) -> tuple[int, ...]:
        """Return how many its threads have made of each kind that must come now, such as pictures and sound of a mix.

        Empty while nothing must come, or when all its work is in the event loop, which has its own signs of life.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return in words where the output differs from what was asked."""
        ...

    def windows(self) -> tuple[WindowReport, ...]:
        """Return what the mixed picture shows."""
        ...
