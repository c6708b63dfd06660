"""Crew: the workers that are there, and what room each has left, as they say each second.

Plain messages and no bucket: what is not heard again for some seconds is forgotten, and after a start or a lost bus it
is known again within a second. Until then there seems to be no worker, which refuses nothing.
"""

import asyncio
import logging
from dataclasses import dataclass

from nats.aio.msg import Msg

from tailrace.bus.connection import Bus
from tailrace.bus.plain import dump, load
from tailrace.bus.subjects import room_left
from tailrace.clock import Clock
from tailrace.errors import BusError
from tailrace.model.room_left import RoomLeft

_log = logging.getLogger(__name__)

HEARTBEAT = 1.0
# Three may be lost, or late because the machine is busy, which is just when it matters.
LIFE = 3.5 * HEARTBEAT
# A thousand workers that all take a task at the same moment.
MAX_PENDING = 2000


@dataclass(frozen=True, slots=True)
class Hand:
    """One worker: its name, how many tasks it has, and what room it has left. `there` is false in its last message.

    `draining`: it hands its tasks to others and takes no new ones.
    """

    name: str
    tasks: int
    room: RoomLeft
    there: bool = True
    draining: bool = False


async def announce(bus: Bus, hand: Hand) -> None:
    """Say how one worker is. Raises BusError."""
    await bus.publish(room_left(hand.name), dump(hand))


class Crew:
    """The workers as far as is known here; kept up while `run` runs."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._heard: dict[str, tuple[Hand, float]] = {}

    async def run(self, seconds: float | None = None) -> None:
        """Listen until cancelled, or for so long."""
        feed = await self._bus.subscribe(room_left("*"), self._take, on_drop=_dropped, max_messages=MAX_PENDING)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            pass
        finally:
            await self._bus.unsubscribe(feed)

    def there(self) -> list[Hand]:
        """Return the workers that were heard of lately and take tasks."""
        return [hand for hand in self.heard() if not hand.draining]

    def heard(self) -> list[Hand]:
        """Return all that were heard of lately, those that drain too."""
        horizon = self._clock.monotonic() - LIFE
        self._heard = {name: (hand, at) for name, (hand, at) in self._heard.items() if at > horizon}
        return [hand for hand, _ in self._heard.values()]

    async def _take(self, message: Msg) -> None:
        try:
            hand = load(Hand, message.data)
        except BusError as error:
            _log.warning("worker not understood", extra={"error": str(error)})
            return
        if hand.there:
            self._heard[hand.name] = hand, self._clock.monotonic()
        else:
            self._heard.pop(hand.name, None)


async def listen(bus: Bus, clock: Clock, seconds: float = 1.5 * HEARTBEAT) -> list[Hand]:
    """Return who says something within `seconds`, by name, those that drain too: for commands that look once."""
    crew = Crew(bus, clock)
    await crew.run(seconds)
    return sorted(crew.heard(), key=lambda hand: hand.name)


def _dropped() -> None:
    """Do nothing: whoever was missed says it again."""
