"""RoomLeft: what a worker's machine could still take, from what was measured there; and whether a task fits in.

The processor is shared, and the other resources are not: memory that others have is gone, but of a processor that
others keep busy a program still gets its share. So what other programs use is subtracted only down to `FAIR_SHARE`: a
build that runs beside Tailrace on the same machine slows it down, and does not shut it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tailrace.model.need import Need

# Against one other hungry program Linux gives a busy one half, and a worker's many processes rather more.
FAIR_SHARE: Final = 0.5
# Of the kernel's limits on files and processes; the last tenth is for those who log in to find out what is wrong.
MAX_COUNT_SHARE: Final = 0.9


class Resource(StrEnum):
    """What a task may be short of, as callers and operators read it."""

    TASKS = "tasks"
    CPU = "cpu"
    MEMORY = "memory"
    FILES = "open files"
    PROCESSES = "processes"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much there is of something, and how much of it is used: cores, bytes, files or processes."""

    most: float
    used: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a machine has and uses: each tuple has one limit of the machine and one for each control group's own.

    `tree_cpu` is what worker and tasks used of `cpu` in the last seconds, tasks that have ended included; `settled_cpu`
    the part of it that goes on and that no estimate covers. Both are cores.
    """

    cpu: tuple[Limit, ...] = ()
    tree_cpu: float = 0.0
    settled_cpu: float = 0.0
    memory: tuple[Limit, ...] = ()
    files: tuple[Limit, ...] = ()
    processes: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomLeft:
    """How many tasks, cores, bytes, files and processes are left; None: not looked at. `empty`: it has no task."""

    tasks: int
    cpu: float | None = None
    memory_bytes: int | None = None
    files: int | None = None
    processes: int | None = None
    empty: bool = False

    def short_of(self, need: Need, *, resumed: bool = False) -> Resource | None:
        """Return what `need` does not fit in, None when it fits.

        A worker without tasks takes one of any size as regards the processor: nobody would do better at it. So does
        every one with a `resumed` task, which has been running before: late pictures are better than none.
        """
        if self.tasks < 1:
            return Resource.TASKS
        if not (self.empty or resumed) and self.cpu is not None and need.cpu > self.cpu:
            return Resource.CPU
        for resource, left, wanted in (
            (Resource.MEMORY, self.memory_bytes, need.memory_bytes),
            (Resource.FILES, self.files, need.files),
            (Resource.PROCESSES, self.processes, need.processes),
        ):
            if left is not None and wanted > left:
                return resource
        return None

    def less(self, need: Need) -> "RoomLeft":
        """Return what is left once `need` has been taken in."""
        return replace(
            self,
            tasks=self.tasks - 1,
            cpu=None if self.cpu is None else self.cpu - need.cpu,
            memory_bytes=None if self.memory_bytes is None else self.memory_bytes - need.memory_bytes,
            files=None if self.files is None else self.files - need.files,
            processes=None if self.processes is None else self.processes - need.processes,
            empty=False,
        )


def room_left(
    measured: Measured, places: int, reserved: Sequence[Need], *, empty: bool, max_cpu: float, max_memory: float
) -> RoomLeft:
    """Return what is left of the shares `max_cpu` and `max_memory` (0: not looked at) and of `places` for tasks.

    `reserved` is for tasks that have just begun, and do not show in what was measured.
    """
    ours = measured.settled_cpu + sum(need.cpu for need in reserved)
    cpu = [_cpu_for_us(limit, measured.tree_cpu, max_cpu) - ours for limit in measured.cpu] if max_cpu else []
    memory = _left(measured.memory, max_memory, sum(need.memory_bytes for need in reserved)) if max_memory else None
    return RoomLeft(
        tasks=places,
        cpu=min(cpu, default=None),
        memory_bytes=memory,
        files=_left(measured.files, MAX_COUNT_SHARE, sum(need.files for need in reserved)),
        processes=_left(measured.processes, MAX_COUNT_SHARE, sum(need.processes for need in reserved)),
        empty=empty,
    )


def nobody_takes(rooms: Sequence[RoomLeft], waiting: Iterable[Need], need: Need) -> tuple[Resource, ...]:
    """Return of what each of `rooms` is short, each resource once; nothing when somebody takes `need`.

    Those who wait already are served first, as far as they fit. There must be at least one room.
    """
    left = list(rooms)
    for earlier in waiting:
        if (best := max(_fitting(left, earlier), default=None)) is not None:
            left[best[1]] = left[best[1]].less(earlier)
    short = [room.short_of(need) for room in left]
    return () if None in short else tuple(dict.fromkeys(resource for resource in short if resource is not None))


def _fitting(rooms: Sequence[RoomLeft], need: Need) -> Iterable[tuple[float, int]]:
    """Return (cores left, index) of the rooms that `need` fits in."""
    for index, room in enumerate(rooms):
        if room.short_of(need) is None:
            yield (float("inf") if room.cpu is None else room.cpu), index


def _cpu_for_us(limit: Limit, tree: float, share: float) -> float:
    others = max(0.0, limit.used - tree)
    return max(limit.most * share - others, limit.most * min(share, FAIR_SHARE))


def _left(limits: Sequence[Limit], share: float, reserved: int) -> int | None:
    return min((round(limit.most * share - limit.used) - reserved for limit in limits), default=None)
