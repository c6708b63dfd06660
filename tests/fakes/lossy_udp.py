"""LossyUdp: a network that loses, delays, repeats and overtakes datagrams, decided by a seed.

It is a proxy: whoever wants to reach the target sends to its port instead, and hears the answers from there. What it
does wrong is switched on and off while it runs, for instance after a handshake.
"""

import asyncio
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

Address = tuple[str, int]

# Each has a socket; a test has a few.
_MOST_CLIENTS: Final = 64
# 100 ms at 100 Mbit/s, many times what a test sends. More is dropped, as by any queue.
_MOST_UNDER_WAY: Final = 1000
_LARGEST: Final = 65_535


class LossyUdp:
    """`async with LossyUdp(target, seed) as network:`, then send to `network.port` on 127.0.0.1.

    `loss` and `repeats` are shares of the datagrams, `jitter` the longest delay in seconds: delays are even over 0 to
    that, so datagrams overtake each other unless `overtakes` is set to False. Both directions alike. `passed` and
    `dropped` count datagrams.
    """

    def __init__(self, target: Address, seed: int = 1) -> None:
        self.loss = self.repeats = self.jitter = 0.0
        self.overtakes = True
        self.passed = self.dropped = 0
        self._target = target
        self._random = random.Random(seed)
        self._legs: dict[Address, socket.socket] = {}
        self._under_way: set[asyncio.TimerHandle] = set()
        self._leaves_at: dict[object, float] = {}

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._front = self._socket()
        self._front.bind(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self._loop.add_reader(self._front, self._from_client)
        return self

    async def __aexit__(self, *error: object) -> None:
        for handle in self._under_way:
            handle.cancel()
        for each in (self._front, *self._legs.values()):
            self._loop.remove_reader(each)
            each.close()

    def _from_client(self) -> None:
        with suppress(BlockingIOError, ConnectionError):
            data, client = self._front.recvfrom(_LARGEST)
            leg = self._legs.get(client)
            if leg is None:
                if len(self._legs) >= _MOST_CLIENTS:
                    self.dropped += 1
                    return
                leg = self._legs[client] = self._socket()
                leg.connect(self._target)
                self._loop.add_reader(leg, self._from_target, leg, client)
            self._pass(leg.send, data, leg)

    def _from_target(self, leg: socket.socket, client: Address) -> None:
        with suppress(BlockingIOError, ConnectionError):
            data = leg.recv(_LARGEST)
            self._pass(lambda piece: self._front.sendto(piece, client), data, client)

    def _pass(self, send: Callable[[bytes], int], data: bytes, direction: object) -> None:
        if self._random.random() < self.loss or len(self._under_way) >= _MOST_UNDER_WAY:
            self.dropped += 1
            return
        for _ in range(2 if self._random.random() < self.repeats else 1):
            now = self._loop.time()
            at = now + self._random.random() * self.jitter
            if not self.overtakes:
                # Later by a little: loops keep no order among timers of the same time.
                at = self._leaves_at[direction] = max(at, self._leaves_at.get(direction, 0.0) + 1e-6)
            self._send_at(at, send, data)

    def _send_at(self, at: float, send: Callable[[bytes], int], data: bytes) -> None:
        def leave() -> None:
            self._under_way.discard(handle)
            self.passed += 1
            # The other side may have closed its socket, and a full one drops, as networks do.
            with suppress(BlockingIOError, ConnectionError):
                send(data)

        handle = self._loop.call_at(at, leave)
        self._under_way.add(handle)

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        return made
