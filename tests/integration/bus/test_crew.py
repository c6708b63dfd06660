"""Workers say what room they have left, and are forgotten when they say goodbye or nothing more."""

import asyncio
from collections.abc import Callable

from tailrace.bus.connection import Bus
from tailrace.bus.crew import LIFE, Crew, Hand, announce, listen
from tailrace.bus.subjects import room_left
from tailrace.clock import SystemClock
from tailrace.model.room_left import RoomLeft
from tailrace.supervise import start, stop
from tests.integration.bus.conftest import Run

HAND = Hand("host.example-12", 3, RoomLeft(7, 1.5, 1000, 20, None))


class LaterClock(SystemClock):
    """A clock that may be set forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


async def until(condition: Callable[[], bool], again: Callable[[], object]) -> None:
    """Do something again and again until it has had its effect."""
    while not condition():
        await again()  # type: ignore[misc]
        await asyncio.sleep(0)


def test_what_a_worker_says_is_known_until_it_says_goodbye_or_is_silent(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        clock = LaterClock()
        crew = Crew(bus, clock)
        async with asyncio.TaskGroup() as group:
            hearing = start(group, crew.run(), "crew")

            await until(lambda: crew.there() == [HAND], lambda: announce(bus, HAND))
            await bus.publish(room_left("foreign"), b"not one of ours")
            goodbye = Hand(HAND.name, 0, RoomLeft(0), there=False)
            await until(lambda: crew.there() == [], lambda: announce(bus, goodbye))

            await until(lambda: crew.there() == [HAND], lambda: announce(bus, HAND))
            drains = Hand(HAND.name, 3, RoomLeft(0), draining=True)
            await until(lambda: crew.heard() == [drains], lambda: announce(bus, drains))
            assert crew.there() == []
            clock.ahead = LIFE
            assert crew.heard() == []
            assert crew.there() == []
            await stop(hearing)

    run(scenario)


def test_a_command_hears_who_is_there(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        other = Hand("another", 0, RoomLeft(5))

        async def say() -> None:
            while True:
                for hand in (HAND, other):
                    await announce(bus, hand)
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            saying = start(group, say(), "saying")
            assert await listen(bus, SystemClock(), 0.3) == [other, HAND]
            await stop(saying)

    run(scenario)
