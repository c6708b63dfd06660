"""Leaving: handing all tasks of a worker to others, a few at a time, while their children go on."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.ids import TaskId
from tailrace.supervise import start
from tailrace.worker.holding import Holding

# So many tasks move at the same time. A start takes 60 ms of a core: on one core the last of four is 0.25 s late, and a
# hundred tasks at once would all be late by seconds.
AT_ONCE = 4
# A task that is not taken within this, several times what it takes on a busy machine, does not keep the others waiting.
TAKEN_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """A task that runs here: its lease, and what runs it."""

    holding: Holding
    task: asyncio.Task[None]


async def hand_over(running: Mapping[TaskId, Held]) -> None:
    """Give all tasks away, and return when all are gone. When it is cancelled, those that are left go on here."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def move(held: Held) -> None:
        async with turns:
            held.holding.leave()
            await asyncio.wait([held.task], timeout=TAKEN_WITHIN)
        await asyncio.wait([held.task])

    async with asyncio.TaskGroup() as group:
        for task_id, held in running.items():
            start(group, move(held), f"leaving of {task_id[:8]}")
