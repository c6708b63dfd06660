"""Order within a lane, lanes beside each other, and what is kept, done and given back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import pytest

from tailrace.bus.outgoing import Order
from tailrace.control.callbacks.round import MOST_DELIVERIES, Round
from tailrace.errors import BusError

PATIENT = 20.0


def order(sequence: int, lane: str = "a", deliveries: int = 1) -> Order:
    return Order(sequence, 0.0, f"events.task.1.{lane}", b"", deliveries, f"reply-{sequence}-{deliveries}")


class Stream:
    """A source in memory: `put` orders; `done` and `back` say what became of them."""

    def __init__(self) -> None:
        self.waiting: list[Order] = []
        self.asked: list[int] = []
        self.done_with: list[str] = []
        self.back: list[int] = []
        self.news = asyncio.Event()
        self.failing = 0

    def put(self, *orders: Order) -> None:
        self.waiting += orders
        self.news.set()

    async def open(self, take: Callable[[Order], None]) -> None:
        if self.failing:
            self.failing -= 1
            raise BusError("away")
        self.take = take

    async def pull(self, most: int) -> None:
        self.asked.append(most)
        while not self.waiting:
            self.news.clear()
            await self.news.wait()
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        for each in taken:
            self.take(each)

    async def keep(self, order: Order) -> None:
        pass

    async def done(self, order: Order) -> None:
        self.done_with.append(order.reply)

    async def close(self, in_hand: Iterable[Order]) -> None:
        self.back = [order.sequence for order in in_hand]


class Scene:
    """A round whose orders are brought when `let` says so, or at once with `free`."""

    def __init__(self, most: int = 256) -> None:
        self.stream = Stream()
        self.begun: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.free = False
        self.failing: dict[int, Exception] = {}
        self._moved = asyncio.Condition()
        self.round = Round("test", self.stream, self._bring, most)

    async def _bring(self, order: Order) -> None:
        async with self._moved:
            self.begun.append(order.sequence)
            self._moved.notify_all()
        if error := self.failing.pop(order.sequence, None):
            raise error
        if not self.free:
            await self.gates.setdefault(order.sequence, asyncio.Event()).wait()

    def let(self, *sequences: int) -> None:
        for sequence in sequences:
            self.gates.setdefault(sequence, asyncio.Event()).set()

    async def until_begun(self, *sequences: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: set(sequences) <= set(self.begun))


def play(scenario: Callable[[Scene], Awaitable[None]], most: int = 256) -> Scene:
    """Run `scenario` beside a round, then cancel the round."""

    async def main() -> Scene:
        scene = Scene(most)
        running = asyncio.get_running_loop().create_task(scene.round.run())
        try:
            await asyncio.wait_for(scenario(scene), PATIENT)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        return scene

    return asyncio.run(main())


def test_orders_of_a_lane_go_one_after_the_other_and_lanes_beside_each_other() -> None:
    async def scenario(scene: Scene) -> None:
        scene.stream.put(order(1, "a"), order(2, "a"), order(3, "b"))
        await scene.until_begun(1, 3)
        assert scene.begun == [1, 3]
        scene.let(1)
        await scene.until_begun(2)

    assert play(scenario).stream.done_with == ["reply-1-1"]


def test_what_is_handed_out_again_goes_before_what_came_after_it() -> None:
    async def scenario(scene: Scene) -> None:
        scene.stream.put(order(5), order(9), order(8, deliveries=2), order(7, deliveries=2))
        await scene.until_begun(5)
        scene.free = True
        scene.let(5)
        await scene.until_begun(9)

    assert play(scenario).begun == [5, 7, 8, 9]


def test_an_order_that_is_handed_out_twice_is_brought_once_and_answered_by_its_last_handing_out() -> None:
    async def scenario(scene: Scene) -> None:
        scene.stream.put(order(1))
        await scene.until_begun(1)
        scene.stream.put(order(1, deliveries=2), order(2))
        scene.let(1)
        await scene.until_begun(2)

    scene = play(scenario)

    assert scene.begun == [1, 2]
    assert scene.stream.done_with == ["reply-1-2"]


def test_no_more_is_taken_than_there_is_room_for() -> None:
    async def scenario(scene: Scene) -> None:
        scene.stream.put(*(order(number, str(number)) for number in range(1, 6)))
        await scene.until_begun(1, 2, 3)
        assert len(scene.stream.waiting) == 2
        scene.let(1)
        await scene.until_begun(4)

    assert play(scenario, most=3).stream.asked == [3, 1]


def test_what_is_in_hand_at_the_end_is_given_back() -> None:
    async def scenario(scene: Scene) -> None:
        scene.stream.put(order(1), order(2), order(3, "b"))
        await scene.until_begun(1, 3)

    scene = play(scenario)

    assert scene.stream.back == [1, 2, 3]
    assert scene.stream.done_with == []


@pytest.mark.parametrize("error", [BusError("away"), ZeroDivisionError("a fault of ours")])
def test_what_fails_is_neither_done_nor_given_back_and_holds_nobody_up(error: Exception) -> None:
    async def scenario(scene: Scene) -> None:
        scene.failing[1] = error
        scene.free = True
        scene.stream.put(order(1), order(2))
        await scene.until_begun(2)
        scene.stream.put(order(1, deliveries=2), order(3))
        await scene.until_begun(3)

    scene = play(scenario)

    assert scene.begun == [1, 2, 1, 3]
    assert "reply-1-1" not in scene.stream.done_with
    assert "reply-1-2" in scene.stream.done_with


def test_what_failed_again_and_again_is_passed_over_and_told(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(scene: Scene) -> None:
        scene.free = True
        scene.stream.put(order(1, deliveries=MOST_DELIVERIES + 1), order(2))
        await scene.until_begun(2)

    scene = play(scenario)

    assert scene.begun == [2]
    assert f"reply-1-{MOST_DELIVERIES + 1}" in scene.stream.done_with
    assert [record.message for record in caplog.records] == ["callback passed over"]
