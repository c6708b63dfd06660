"""Holding: a worker's hold of one task: its lease is kept alive, given away while the child goes on, or settled.

A task moves to another worker without a stop when its lease is given away first: whoever pulls it starts a child, that
child takes the record over, and the one here, which sees the newer epoch, ends its push in order at that moment. Until
then it goes on, whether that takes a second or nobody comes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from tailrace.errors import BusError
from tailrace.ids import TaskId
from tailrace.worker.job import Outcome

_log = logging.getLogger(__name__)

# Three signs of life per lease: two may be late.
KEEPS_PER_LEASE = 3


class Lease(Protocol):
    """What is said of a lease (`bus/queue.py`); each raises BusError."""

    async def keep(self) -> None:
        """Say that the task is alive."""
        ...

    async def done(self) -> None:
        """Say that it is over."""
        ...

    async def give_back(self) -> None:
        """Let another worker have it."""
        ...


class Holding:
    """The lease of one task that runs here; `given`: it has been given away."""

    def __init__(self, task_id: TaskId, lease: Lease, ack_wait: float) -> None:
        self.task_id = task_id
        self.given = False
        self._lease = lease
        self._ack_wait = ack_wait
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Let another worker have the task while its child goes on. Twice is harmless."""
        self._leaving.set()

    async def keep(self) -> None:
        """Keep the lease alive until it is given away."""
        while not self._leaving.is_set():
            try:
                async with asyncio.timeout(self._ack_wait / KEEPS_PER_LEASE):
                    await self._leaving.wait()
            except TimeoutError:
                await self._say(self._lease.keep, "lease not renewed")
        # From here on nothing more may be said of it: for nats-server that would be the word of its next holder.
        self.given = True
        await self._say(self._lease.give_back, "lease not settled")

    async def settle(self, outcome: Outcome) -> None:
        """Tell the queue. When the bus is away the lease runs out, and the record says what is still to do."""
        match outcome:
            case Outcome.ENDED:
                await self._say(self._lease.done, "lease not settled")
            case Outcome.RELEASED if not self.given:
                await self._say(self._lease.give_back, "lease not settled")
            case _:
                pass  # the lease is another worker's by now

    async def _say(self, word: Callable[[], Awaitable[None]], otherwise: str) -> None:
        try:
            await word()
        except BusError as error:
            _log.warning(otherwise, extra={"task_id": self.task_id, "error": str(error)})
