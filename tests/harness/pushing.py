"""Pushing: one push of a made-up output to a CDN on a real socket, and all that it tells."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tailrace.clock import Clock
from tailrace.ids import Kind
from tailrace.model.backoff import Backoff
from tailrace.model.destination import Patience
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import DestinationEvent
from tailrace.net.guard import Guard
from tailrace.secret import PushUrl
from tailrace.supervise import start, stop
from tailrace.worker.push import Push
from tailrace.worker.pushes import Pushes
from tailrace.worker.reel import Message, Opening
from tests.fakes.clock import ManualClock

GUARD = Guard(["127.0.0.0/8"])
# What is to be tried again is tried at once.
EAGER = Patience(retry=Backoff(0.001, 0.01))
FRAME_MS, GROUP = 40, 25


class Output:
    """What a task makes: 25 pictures a second of `size` bytes, a key frame each second, a frame of sound with each."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self.time_ms = 0
        self.takers: list[Push | Pushes] = []
        self._kept: list[Message] = []

    def opening(self) -> Opening:
        """Return set-up data and the current group."""
        headers = [Message(Kind.VIDEO, 0, b"\x17\x00\x00\x00\x00set-up", starts=False, frame=False)]
        return Opening({"width": 640.0}, headers, list(self._kept))

    def make(self, pictures: int) -> None:
        """Hand out so many pictures, and as much sound."""
        for _ in range(pictures):
            key = self.time_ms // FRAME_MS % GROUP == 0
            body = (b"\x17" if key else b"\x27") + b"\x01\x00\x00\x00" + bytes(self.size)
            if key:
                self._kept.clear()
            for message in (
                Message(Kind.VIDEO, self.time_ms, body, starts=key),
                Message(Kind.AUDIO, self.time_ms, b"\xaf\x01sound", starts=False),
            ):
                self._kept.append(message)
                for taker in self.takers:
                    taker.offer(message)
            self.time_ms += FRAME_MS


class Scene:
    """One push of an output, and all that it told."""

    def __init__(
        self,
        url: str,
        output: Output,
        *,
        guard: Guard = GUARD,
        tls: ssl.SSLContext | None = None,
        patience: Patience = EAGER,
        clock: Clock | None = None,
    ) -> None:
        self.output = output
        self.told: list[tuple[DestinationEvent, str]] = []
        self._news = asyncio.Event()
        self.push = Push(
            Destination(3, PushUrl(url)),
            guard,
            tls,
            output.opening,
            clock or ManualClock(),
            self._news.set,
            self._tell,
            patience,
        )
        output.takers.append(self.push)

    @property
    def statuses(self) -> list[Status]:
        """Return what was told, in order."""
        return [event.status for event, _ in self.told]

    @property
    def report(self) -> DestinationReport:
        """Return what the push reports now."""
        return self.push.report()

    def _tell(self, event: DestinationEvent, words: str) -> None:
        self.told.append((event, words))
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it holds; looked at whenever the push tells something."""
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, *statuses: Status) -> None:
        """Wait until these were told last."""
        await self.until(lambda: self.statuses[-len(statuses) :] == list(statuses))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run the push for the block, then end it in order."""
        async with asyncio.TaskGroup() as group:
            task = start(group, self.push.run(), "push")
            yield task
            await stop(task)


async def play(output: Output, until: Callable[[], object], pace: float = 0.002) -> None:
    """Make a picture each `pace` seconds until the condition holds."""
    async with asyncio.timeout(20):
        while not until():
            output.make(1)
            await asyncio.sleep(pace)
