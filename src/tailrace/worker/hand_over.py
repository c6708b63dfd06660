"""HandOver: the way of what a thread makes to the event loop, and from there to a feed's lane."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class HandOver(Generic[Made]):
    """Make it in the event loop, whose `take` gets what was made, in order, unless the task is another child's.

    `most` may wait; beyond, the oldest are given up.
    """

    def __init__(self, take: Callable[[Made], None], still_ours: Callable[[], Awaitable[bool]], most: int) -> None:
        self._take = take
        self._still_ours = still_ours
        self._made: deque[Made] = deque(maxlen=most)
        self._more = asyncio.Event()
        self._woken = False  # and has not looked yet: for a thread, to wake the loop costs more than all the rest
        self._loop = asyncio.get_running_loop()

    def put(self, made: Made) -> None:
        """Hand over what was made; for any thread."""
        self._made.append(made)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._more.set)

    async def run(self) -> None:
        """Hand over until cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            self._woken = False  # before it looks: what comes from now on wakes it again
            while self._made:
                made = self._made.popleft()
                if await self._still_ours():
                    self._take(made)
