"""What is handed out for callbacks: again when nobody said that it was done, and to one process at a time."""

import asyncio
import time

from tailrace.bus.connection import Bus
from tailrace.bus.events import Events
from tailrace.bus.history import StoredEvent
from tailrace.bus.outgoing import Order, Outgoing, forget
from tailrace.bus.replays import Replays
from tailrace.bus.subjects import EVENTS, callbacks, room_event
from tailrace.errors import BusError
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.room_event import RoomEvent, RoomEventType
from tests.integration.bus.conftest import Run


def entered(app: SdkAppId, user: str = "anna") -> RoomEvent:
    return RoomEvent(time.time(), RoomEventType.ENTER_ROOM, Room(app, "studio", numeric=False), UserId(user))


class Taker:
    """Takes orders of one app."""

    def __init__(self, bus: Bus, app: SdkAppId) -> None:
        self.outgoing = Outgoing(bus, app)
        self.orders: list[Order] = []

    async def open(self) -> "Taker":
        await self.outgoing.prepare()
        await self.outgoing.open(self.orders.append)
        return self

    async def take(self, count: int) -> list[Order]:
        """Return the next so many."""
        had = len(self.orders)
        while len(self.orders) < had + count:
            await self.outgoing.pull(had + count - len(self.orders))
        return self.orders[had:]


def test_events_and_wishes_for_replays_are_handed_out_in_order(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        taker = await Taker(bus, app).open()
        event = entered(app)
        sequence = await Events(bus).of_room(event)
        await Replays(bus).wish(StoredEvent(sequence, event))
        await Events(bus).of_room(entered(SdkAppId(app + 1)))
        first, again = await taker.take(2)

        assert (first.event, first.replayed, first.lane) == (sequence, False, room_event(event.room))
        assert (again.event, again.replayed, again.lane) == (sequence, True, room_event(event.room))
        assert abs(first.stored_at - time.time()) < 30
        assert await taker.outgoing.event(sequence) == first.data
        assert await taker.outgoing.event(sequence + 1_000_000) is None

    run(scenario)


def test_what_was_in_hand_at_the_end_is_handed_to_the_next_one_at_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        first, second = await Taker(bus, app).open(), await Taker(bus, app).open()
        for user in ("anna", "ben", "carla"):
            await Events(bus).of_room(entered(app, user))
        done, *in_hand = await first.take(3)
        await first.outgoing.done(done)
        await first.outgoing.close(in_hand)
        await first.outgoing.close(in_hand)
        began = time.monotonic()
        again = await second.take(2)

        assert time.monotonic() - began < 2
        assert sorted((order.sequence, order.deliveries) for order in again) == [
            (order.sequence, 2) for order in in_hand
        ]
        assert {order.stored_at for order in again} == {order.stored_at for order in in_hand}

    run(scenario)


def test_what_nobody_keeps_is_handed_out_again_and_what_is_kept_is_not(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        taker = await Taker(bus, app).open()
        for user in ("anna", "ben"):
            await Events(bus).of_room(entered(app, user))
        kept, forgotten = await taker.take(2)
        again: list[Order] = []
        while not again:
            await taker.outgoing.keep(kept)
            await taker.outgoing.pull(1)
            again = taker.orders[2:]

        assert [(order.sequence, order.deliveries) for order in again] == [(forgotten.sequence, 2)]

    run(scenario)


def test_only_one_of_two_is_handed_events(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        first, second = await Taker(bus, app).open(), await Taker(bus, app).open()
        await Events(bus).of_room(entered(app))
        await first.take(1)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(second.outgoing.pull(5), name="second")
            for number in range(10):
                await Events(bus).of_room(entered(app, f"user-{number}"))
            await first.take(10)
            await waiting

        assert len(first.orders) == 11
        assert second.orders == []

    run(scenario)


def test_a_consumer_that_was_lost_is_made_again(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        taker = await Taker(bus, app).open()
        await bus.js.delete_consumer(EVENTS, callbacks(app))
        pulling = asyncio.get_running_loop().create_task(pull_for_ever(taker))
        while not taker.orders:
            await Events(bus).of_room(entered(app))
        pulling.cancel()
        await asyncio.wait([pulling])

    run(scenario)


async def pull_for_ever(taker: Taker) -> None:
    while True:
        try:
            await taker.outgoing.pull(1)
        except BusError:
            continue


def test_what_is_forgotten_is_not_handed_out(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        await Taker(bus, app).open()
        await Events(bus).of_room(entered(app, "forgotten"))
        await forget(bus, app)
        await forget(bus, app)
        taker = await Taker(bus, app).open()
        await Events(bus).of_room(entered(app, "told"))
        (order,) = await taker.take(1)

        assert b"told" in order.data

    run(scenario)
