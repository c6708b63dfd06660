"""The network that tests break on purpose does what it is told, and nothing else."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import TypeVar

import pytest

from tests.fakes.lossy_udp import LossyUdp

T = TypeVar("T")
COUNT = 300


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 20))


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


async def _sent(set_up: Callable[[LossyUdp], None], seed: int = 1) -> list[int]:
    """Return the numbers that came of 0 to 299, in the order in which they came, after an answer has come back."""
    loop = asyncio.get_running_loop()
    with _udp() as target, _udp() as client:
        async with LossyUdp(target.getsockname(), seed) as network:
            set_up(network)
            came = []
            for first in range(0, COUNT, 50):
                for number in range(first, first + 50):
                    await loop.sock_sendto(client, number.to_bytes(2, "big"), ("127.0.0.1", network.port))
                while network.passed + network.dropped < first + 50:
                    data, back = await loop.sock_recvfrom(target, 100)
                    came.append(int.from_bytes(data, "big"))
            while len(came) < network.passed:
                data, back = await loop.sock_recvfrom(target, 100)
                came.append(int.from_bytes(data, "big"))
            network.loss = network.jitter = 0.0
            await loop.sock_sendto(target, b"answer", back)
            assert await loop.sock_recv(client, 100) == b"answer"
    return came


def test_nothing_happens_unless_it_is_switched_on() -> None:
    assert run(_sent(lambda network: None)) == list(range(COUNT))


def _lossy(network: LossyUdp) -> None:
    network.loss = 0.2


def _jittery(network: LossyUdp) -> None:
    network.jitter = 0.02


def _late(network: LossyUdp) -> None:
    network.jitter, network.overtakes = 0.02, False


def test_loss_is_about_as_much_as_asked_for_and_the_same_for_the_same_seed() -> None:
    came = run(_sent(_lossy))

    assert came == sorted(came)
    assert len(came) == pytest.approx(0.8 * COUNT, abs=0.1 * COUNT)
    assert run(_sent(_lossy)) == came
    assert run(_sent(_lossy, seed=2)) != came


def test_jitter_lets_datagrams_overtake_each_other_unless_told_not_to() -> None:
    jittered, late = run(_sent(_jittery)), run(_sent(_late))

    assert sorted(jittered) == list(range(COUNT))
    assert jittered != sorted(jittered)
    assert late == list(range(COUNT))
