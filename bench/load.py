"""Load: a process that sends signed requests over kept connections and notes how long each answer took.

`python -m bench.load` reads one JSON object: `port`, `requests` (hexadecimal, sent in turns), `connections`, `seconds`,
`rate` (per second; 0: each connection sends as soon as it has its answer), and prints `latencies` in seconds,
`failures` and `seconds`. At a rate, a request's time counts from when it was due, whether or not a connection was free.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import deque
from typing import Any, Final, cast

import uvloop

# How often requests that are due are looked for; a tenth of the latencies of interest.
_TICK: Final = 0.001
_DRAIN_WITHIN: Final = 5.0


class _Connection(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self._load = load
        self._since = 0.0
        self._answer = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, since: float) -> None:
        self.busy, self._since, self._answer = True, since, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, mark, body = self._answer.partition(b"\r\n\r\n")
        if not mark:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
        if len(body) >= int(length):
            self.busy = False
            self._load.answered(self, self._since, b'"Error"' not in body and b'"RequestId"' in body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.busy = True  # of no more use
        self._load.failures += not self._load.over


class Load:
    """One load."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.latencies: list[float] = []
        self.failures = 0
        self.over = False
        self._order = order
        self._requests = itertools.cycle(bytes.fromhex(request) for request in order["requests"])
        self._due: deque[float] = deque()

    async def run(self) -> dict[str, Any]:
        """Load the server for the time that was ordered."""
        loop = asyncio.get_running_loop()
        order = self._order
        made = [
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", order["port"])
            for _ in range(order["connections"])
        ]
        self._connections = [connection for _, connection in made]
        began = time.monotonic()
        if order["rate"]:
            await self._paced(began)
        else:
            for connection in self._connections:
                connection.send(next(self._requests), time.monotonic())
            await asyncio.sleep(order["seconds"])
        lasted = time.monotonic() - began
        self.over = True
        for transport, _ in made:
            transport.close()
        return {"latencies": self.latencies, "failures": self.failures, "seconds": lasted}

    async def _paced(self, began: float) -> None:
        rate, seconds = self._order["rate"], self._order["seconds"]
        sent = 0
        while (now := time.monotonic()) < began + seconds:
            while sent / rate <= now - began:
                self._due.append(began + sent / rate)
                sent += 1
            self._dispatch()
            await asyncio.sleep(_TICK)
        deadline = time.monotonic() + _DRAIN_WITHIN
        while len(self.latencies) + self.failures < sent and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_TICK)
        self.failures = sent - len(self.latencies)

    def _dispatch(self) -> None:
        free = (connection for connection in self._connections if not connection.busy)
        while self._due and (connection := next(free, None)) is not None:
            connection.send(next(self._requests), self._due.popleft())

    def answered(self, connection: _Connection, since: float, good: bool) -> None:
        """Note one answer, and let its connection go on."""
        now = time.monotonic()
        if self.over:
            return
        self.failures += not good
        if good:
            self.latencies.append(now - since)
        if not self._order["rate"]:
            connection.send(next(self._requests), now)
        elif self._due:
            connection.send(next(self._requests), self._due.popleft())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(Load(json.load(sys.stdin)).run())))
