"""Round: takes the orders of one app as they come, keeps those of one task or room in order, and hands them out again.

Orders of one lane go one after the other: a callback that has to be tried again holds back what follows it in its task,
and nothing else. Lanes go beside each other.
"""

import asyncio
import bisect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn, Protocol

from tailrace.bus.outgoing import KEEP, Order
from tailrace.errors import BusError
from tailrace.supervise import contain, start

_log = logging.getLogger(__name__)

# Orders that one process has in hand for one app; the others wait in the stream. A receiver that answers in 5 ms gets
# thousands a second out of these, and a dead one holds memory of half a megabyte.
MOST = 256
# A bus that just came back is asked again soon, without being flooded by it.
RETRY = 0.5
# An order that was never brought to its end so many times is a fault of ours, which has been logged each time.
MOST_DELIVERIES = 50


class Source(Protocol):
    """Where the orders come from (`bus/outgoing.py`)."""

    async def open(self, take: Callable[[Order], None]) -> None:
        """Hand what comes to `take`."""
        ...

    async def pull(self, most: int) -> None:
        """Have some handed out."""
        ...

    async def keep(self, order: Order) -> None:
        """Say that it is being seen to."""
        ...

    async def done(self, order: Order) -> None:
        """Say that it needs no more seeing to."""
        ...

    async def close(self, in_hand: Iterable[Order]) -> None:
        """Take no more, and let another process have what is in hand."""
        ...


class Round:
    """Brings what `source` has with `bring`; `run` it."""

    def __init__(self, name: str, source: Source, bring: Callable[[Order], Awaitable[None]], most: int = MOST) -> None:
        self._name = name
        self._source = source
        self._bring = bring
        self._most = most
        self._lanes: dict[str, list[Order]] = {}
        # By number, with what was handed out last: an older handing-out cannot be answered any more.
        self._held: dict[int, Order] = {}
        self._room = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Bring what comes until cancelled; then what is in hand is given back."""
        await self._open()
        try:
            async with self._group:
                start(self._group, self._keep(), f"{self._name}: keep")
                while True:
                    await self._pull()
        finally:
            await self._leave()

    async def _open(self) -> None:
        while True:
            try:
                return await self._source.open(self._take)
            except BusError as error:
                _log.warning("callbacks not taken", extra={"app": self._name, "error": str(error)})
                await asyncio.sleep(RETRY)

    async def _pull(self) -> None:
        while len(self._held) >= self._most:
            self._room.clear()
            await self._room.wait()
        try:
            await self._source.pull(self._most - len(self._held))
        except BusError as error:
            _log.warning("callbacks not taken", extra={"app": self._name, "error": str(error)})
            await asyncio.sleep(RETRY)

    def _take(self, order: Order) -> None:
        known = order.sequence in self._held
        self._held[order.sequence] = order
        if known:
            return
        lane = self._lanes.get(order.lane)
        if lane is None:
            self._lanes[order.lane] = [order]
            start(self._group, self._bring_lane(order.lane), f"{self._name}: {order.lane}")
        else:
            # The first one is on its way. What is handed out again goes before what came after it.
            bisect.insort(lane, order, lo=1, key=lambda waiting: waiting.sequence)

    async def _bring_lane(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            await contain(self._see_to(lane[0]), f"{self._name}: {name}")
            # What was not brought to its end is handed out again after a while, since nobody keeps it any more.
            del self._held[lane[0].sequence]
            del lane[0]
            self._room.set()
        del self._lanes[name]

    async def _see_to(self, order: Order) -> None:
        try:
            if order.deliveries <= MOST_DELIVERIES:
                await self._bring(order)
            else:
                _log.error("callback passed over", extra={"app": self._name, "sequence": order.event})
            await self._source.done(self._held[order.sequence])
        except BusError as error:
            _log.warning("callback not settled", extra={"app": self._name, "error": str(error)})

    async def _keep(self) -> NoReturn:
        while True:
            await asyncio.sleep(KEEP)
            try:
                for order in tuple(self._held.values()):
                    await self._source.keep(order)
            except BusError as error:
                _log.warning("callbacks not kept", extra={"app": self._name, "error": str(error)})

    async def _leave(self) -> None:
        try:
            await self._source.close([self._held[sequence] for sequence in sorted(self._held)])
        except BusError as error:
            _log.warning("callbacks not given back", extra={"app": self._name, "error": str(error)})
