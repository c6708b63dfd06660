"""Publish: takes a stream from a process that makes it (media/source.py), and sends it into a room at its own pace."""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from tailrace import supervise
from tailrace.cli.exits import CommandError
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl
from tailrace.wire import flv
from tailrace.wire.rtmp import amf0

# What is read from the source at once. It is held up by the pipe, which holds a third of a second.
_READ_BYTES = 65536
# FFmpeg opens a file and encodes a first picture well within this, also on a busy machine.
_FIRST_TAG_WITHIN = 20.0


class Source:
    """The process that makes the stream, and what it has made so far."""

    def __init__(self, process: asyncio.subprocess.Process, label: str) -> None:
        self.label = label
        self.pictures = 0  # sent so far
        self.position = 0.0  # seconds sent so far
        self._process = process
        self._reader = flv.Reader()
        self._waiting: deque[flv.Tag] = deque()

    @classmethod
    async def start(cls, arguments: Sequence[str], label: str) -> "Source":
        """Start the process; without arguments it makes the test picture."""
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tailrace.media.source", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                process_group=0,
            ),
            label,
        )

    @property
    def video(self) -> bool:
        """Whether the stream has pictures; known once the first tag has come."""
        return self._reader.video

    @property
    def audio(self) -> bool:
        """Whether the stream has sound."""
        return self._reader.audio

    async def take(self) -> flv.Tag:
        """Return the next tag. Raises CommandError when there is none: a source does not end by itself."""
        while not self._waiting:
            data = await self._process.stdout.read(_READ_BYTES) if self._process.stdout else b""
            if not data:
                raise CommandError(f"{self.label} cannot be published: {await self._last_words()}")
            self._waiting.extend(self._reader.receive(data))
        return self._waiting.popleft()

    async def first(self) -> flv.Tag:
        """Return the first tag. Raises CommandError when it does not come."""
        try:
            async with asyncio.timeout(_FIRST_TAG_WITHIN):
                return await self.take()
        except TimeoutError:
            raise CommandError(f"{self.label} cannot be published: nothing in {_FIRST_TAG_WITHIN:g} s") from None

    async def end(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.communicate()

    async def _last_words(self) -> str:
        _, said = await self._process.communicate()
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it gave nothing"


@asynccontextmanager
async def publishing(url: PushUrl, arguments: Sequence[str], label: str) -> AsyncIterator[Source]:
    """Publish what the source program makes meanwhile. Raises CommandError when it makes nothing."""
    source = await Source.start(arguments, label)
    try:
        first = await source.first()
        publisher = await RtmpPublisher.dial(url, guard=Guard(("127.0.0.0/8",)))
        try:
            async with asyncio.TaskGroup() as group:
                sending = supervise.start(group, _send(publisher, source, first), f"publish {label}")
                yield source
                await supervise.stop(sending)
        finally:
            await publisher.close()
    finally:
        await source.end()


async def _send(publisher: RtmpPublisher, source: Source, tag: flv.Tag) -> None:
    """Send each tag when its time has come, until cancelled."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        if (early := began + tag.timestamp_ms / 1000 - loop.time()) > 0:
            await asyncio.sleep(early)
        if publisher.lost.done():
            raise publisher.lost.result()
        source.position = tag.timestamp_ms / 1000
        match tag.type:
            case flv.TagType.VIDEO:
                publisher.send_video(tag.timestamp_ms, tag.body)
                source.pictures += 1
            case flv.TagType.AUDIO:
                publisher.send_audio(tag.timestamp_ms, tag.body)
            case flv.TagType.SCRIPT:
                match amf0.decode(tag.body):
                    case ["onMetaData", dict() as values]:
                        publisher.send_metadata(values)
        tag = await source.take()
