"""Callbacks: how many signed callbacks one control process sends, and how soon after the event one arrives.

The events are stored as a child stores them; the receiver reads requests and says 200, in this process, and costs far
less than sending does.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import proc
from bench.report import Result, Row, percentile
from bench.server import Server
from bench.size import Size
from tailrace.bus.connection import Bus, connect
from tailrace.bus.plain import dump
from tailrace.bus.subjects import task_event
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import PushUrl, Secret

# As many relays as report at once; callbacks of one are in order, and so one after the other.
_TASKS = 50
# Callbacks per second of the load; the receiver is the same for all.
_COUNT_PER_SECOND = 1000
_ALONE_EACH = 0.02
_ACCOUNT, _APP = 1250000000, SdkAppId(1400000001)
_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}'
_ALL_WITHIN = 120.0


@dataclass
class _Receiver:
    """Counts callbacks; `delays` are the seconds since their events."""

    delays: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    wanted: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, count: int) -> None:
        """Begin anew, and wait for so many."""
        self.delays, self.times, self.wanted = [], [], count
        self.complete.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                writer.write(_ANSWER)
                self.times.append(time.monotonic())
                self.delays.append(time.time() - json.loads(body)["EventInfo"]["EventMsTs"] / 1000)
                if len(self.times) == self.wanted:
                    self.complete.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def measure(folder: Path, _film: Path, size: Size) -> Result:
    """Send as many as it can, then one after the other."""
    return uvloop.run(_measure(folder, size))


async def _measure(folder: Path, size: Size) -> Result:
    receiver = _Receiver()
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    app = {"sdk_app_id": _APP, "account": _ACCOUNT, "key": "x" * 32, "callback_key": "Abc123"}
    settings = {"TAILRACE_APP": json.dumps([app | {"callback_url": f"http://127.0.0.1:{port}/"}])}
    server = Server(folder, **settings)
    await asyncio.to_thread(server.__enter__)
    try:
        bus = await connect(_bus_url(server, folder), "bench")
        control = [server.parts().control]
        count = int(size.api * _COUNT_PER_SECOND)
        # The first ones open connections and fill caches.
        await _send(bus, receiver, count // 4)
        used = proc.cpu_seconds(control)
        await _send(bus, receiver, count)
        used = proc.cpu_seconds(control) - used
        per_second = count / (receiver.times[-1] - receiver.times[0])
        await _send(bus, receiver, round(size.api / _ALONE_EACH), _ALONE_EACH)
        delays = receiver.delays
        await bus.close()
    finally:
        await asyncio.to_thread(server.__exit__)
        listening.close()
    rows = [
        Row("callbacks of one receiver", "per second", per_second),
        Row("callbacks, CPU of control", "ms each", used / count * 1000),
        Row("callback, from event to receiver, p50", "ms", percentile(delays, 50) * 1000),
        Row("callback, from event to receiver, p99", "ms", percentile(delays, 99) * 1000),
    ]
    return Result(rows, {"per_second": per_second, "delays": delays})


async def _send(bus: Bus, receiver: _Receiver, count: int, each: float = 0.0) -> None:
    """Store so many events, `each` so many seconds or all at once, and wait until all have arrived."""
    receiver.expect(count)
    for number in range(count):
        task = TaskId(f"task-{number % _TASKS}")
        # Not waited for: JetStream stores what is published whether or not somebody wants its answer.
        await bus.publish(task_event(_APP, task), dump(_event(task)))
        if each:
            await asyncio.sleep(each)
    async with asyncio.timeout(_ALL_WITHIN):
        await receiver.complete.wait()


def _event(task: TaskId) -> TaskEvent:
    destination = DestinationEvent(0, PushUrl("rtmp://127.0.0.1/live/bench"), DestinationStatus.RUNNING)
    room = Room(_APP, "bench", numeric=False)
    return TaskEvent(time.time(), What.DESTINATION, task, room, UserId("robot"), destination=destination)


def _bus_url(server: Server, folder: Path) -> Secret:
    rights = json.loads((folder / "data" / "nats" / "nats-server.conf").read_text())["authorization"]
    address = str(server.addresses["nats"]).removeprefix("nats://")
    return Secret(f"nats://{rights['user']}:{rights['password']}@{address}")
