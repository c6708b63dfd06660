"""Reading: whenever something comes, or in a beat; each datagram with the time of its arrival."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tailrace.net.webrtc.reading import BEAT, Address, Reading
from tests.fakes.browser import DEADLINE


class Scene:
    """A port that is read, and one who sends to it."""

    def __init__(self, bound: socket.socket, sender: socket.socket) -> None:
        self.sender = sender
        self.came: list[tuple[bytes, float]] = []
        self.beats: list[float] = []
        self.on_take: Callable[[], None] = lambda: None
        self.changed = asyncio.Event()
        sender.connect(bound.getsockname())
        self.reading = Reading(bound, self._take, self._beat)

    def _take(self, data: bytes, address: Address, arrived: float) -> None:
        assert address == self.sender.getsockname()
        self.came.append((data, arrived))
        self.on_take()
        self.changed.set()

    def _beat(self, now: float) -> None:
        self.beats.append(now)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@contextmanager
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        yield bound


def run(scenario: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        with udp() as bound, udp() as sender:
            scene = Scene(bound, sender)
            try:
                await scenario(scene)
            finally:
                scene.reading.close()

    asyncio.run(main())


def _be_busy() -> None:
    time.sleep(0.05)


def test_without_a_beat_a_datagram_is_read_when_it_comes() -> None:
    async def scenario(scene: Scene) -> None:
        scene.sender.send(b"one")
        await scene.until(lambda: len(scene.came) == 1)
        scene.sender.send(b"two")
        await scene.until(lambda: len(scene.came) == 2)

        assert [data for data, _ in scene.came] == [b"one", b"two"]
        assert scene.beats == []

    run(scenario)


def test_a_beat_takes_all_that_has_come_and_then_says_so() -> None:
    async def scenario(scene: Scene) -> None:
        scene.reading.start_beating()
        scene.reading.start_beating()
        sent = [bytes([number]) for number in range(50)]
        for data in sent:
            scene.sender.send(data)
        await scene.until(lambda: bool(scene.beats))

        assert [data for data, _ in scene.came] == sent

        await scene.until(lambda: len(scene.beats) == 10)
        # There is one beat only, and none is early; the timers of the loop count whole milliseconds.
        assert scene.beats[-1] - scene.beats[0] >= 9 * (BEAT - 0.001)

    run(scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says when a datagram arrived")
def test_the_time_of_a_datagram_is_that_of_its_arrival_and_not_that_of_reading() -> None:
    async def scenario(scene: Scene) -> None:
        before = time.monotonic()
        scene.sender.send(b"early")
        after = time.monotonic()
        _be_busy()
        scene.sender.send(b"late")
        await scene.until(lambda: len(scene.came) == 2)

        (_, early), (_, late) = scene.came
        # The wall clock, by which the kernel counts, may be slewed by a little meanwhile.
        assert before - 0.001 <= early <= after + 0.001
        assert late - early >= 0.049

    run(scenario)


def test_the_beat_may_be_stopped_and_started_by_what_is_read() -> None:
    async def scenario(scene: Scene) -> None:
        def again() -> None:
            scene.reading.stop_beating()
            scene.reading.start_beating()

        scene.on_take = again
        scene.reading.start_beating()
        for _ in range(3):
            scene.sender.send(b"again")
        await scene.until(lambda: len(scene.came) == 3 and bool(scene.beats))
        first = len(scene.beats)
        await scene.until(lambda: len(scene.beats) == first + 10)
        assert scene.beats[-1] - scene.beats[first] >= 9 * (BEAT - 0.001)

        scene.on_take = scene.reading.stop_beating
        scene.sender.send(b"stop")
        await scene.until(lambda: len(scene.came) == 4)
        beats = len(scene.beats)
        scene.on_take = lambda: None
        for number in range(5, 8):
            scene.sender.send(b"when it comes")
            await scene.until(lambda number=number: len(scene.came) == number)  # type: ignore[misc]
        # The one in which it was stopped may have been told of.
        assert len(scene.beats) <= beats + 1

    run(scenario)


def test_a_datagram_that_is_too_long_is_not_mistaken_for_a_shorter_one() -> None:
    async def scenario(scene: Scene) -> None:
        scene.sender.send(bytes(1500))
        scene.sender.send(bytes(1501))
        scene.sender.send(bytes(9000))
        await scene.until(lambda: len(scene.came) == 3)

        assert [len(data) for data, _ in scene.came] == [1500, 1501, 1501]

    run(scenario)
