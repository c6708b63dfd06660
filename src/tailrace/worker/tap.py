"""Tap: a task's output on the bus, for those who watch it; it gives nothing while nobody does."""

import asyncio
from collections.abc import Callable

from nats.aio.msg import Msg

from tailrace.bus.connection import Bus
from tailrace.bus.media import Publisher
from tailrace.bus.outbox import Outbox
from tailrace.bus.starts import serve_starts
from tailrace.bus.subjects import watched
from tailrace.clock import Clock
from tailrace.ids import Output
from tailrace.unit import Unit
from tailrace.worker.output_units import OutputUnits
from tailrace.worker.reel import Message, Opening

# Who watches says so each 5 s; two of these words may be lost.
WATCHED_FOR = 15.0
# All that such a word says is that it came.
MAX_PENDING_WORDS = 16


class Tap:
    """Publishes what the reel has in this epoch of a task; `opening` is the reel's.

    A later epoch is a later session. It begins as if it were watched, since who watches does not notice at once that
    another child runs the task now.
    """

    def __init__(
        self, bus: Bus, outbox: Outbox, output: Output, epoch: int, opening: Callable[[], Opening], clock: Clock
    ) -> None:
        self._bus = bus
        self._output = output
        self._opening = opening
        self._clock = clock
        self._publisher = Publisher(outbox, output)
        self._units = OutputUnits(epoch)
        self._open_until = 0.0
        if epoch > 1:
            self._watched()

    def offer(self, message: Message) -> None:
        """Take the reel's next message."""
        unit = self._units.take(message, wanted=self._clock.monotonic() < self._open_until)
        if unit is not None:
            self._publisher.publish(unit)

    async def run(self) -> None:
        """Listen to those who watch, and give them starts, until cancelled."""
        watching = await self._bus.subscribe(
            watched(self._output), self._on_word, on_drop=lambda: None, max_messages=MAX_PENDING_WORDS
        )
        try:
            starts = await serve_starts(self._bus, self._output, self._start)
            try:
                await asyncio.Event().wait()
            finally:
                await starts.close()
        finally:
            await self._bus.unsubscribe(watching)

    async def _on_word(self, _: Msg) -> None:
        self._watched()

    def _start(self) -> list[Unit]:
        self._watched()
        return self._units.start(self._opening())

    def _watched(self) -> None:
        self._open_until = self._clock.monotonic() + WATCHED_FOR
