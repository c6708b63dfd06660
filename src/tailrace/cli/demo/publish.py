"""Publish: sends a source into a room over RTMP at its own pace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tailrace import supervise
from tailrace.cli.demo.sources import Source
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl
from tailrace.wire import flv
from tailrace.wire.rtmp import amf0


class Published:
    """A source that is being published."""

    def __init__(self, source: Source, publisher: RtmpPublisher) -> None:
        self.pictures = 0  # sent so far
        self.position = 0.0  # seconds sent so far
        self.video, self.audio = source.video, source.audio
        self._source, self._publisher = source, publisher

    async def send(self, tag: flv.Tag) -> None:
        """Send each tag, from this one on, when its time has come, until cancelled."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            if (early := began + tag.timestamp_ms / 1000 - loop.time()) > 0:
                await asyncio.sleep(early)
            if self._publisher.lost.done():
                raise self._publisher.lost.result()
            self.position = tag.timestamp_ms / 1000
            self._send(tag)
            tag = await self._source.take()

    def _send(self, tag: flv.Tag) -> None:
        match tag.type:
            case flv.TagType.VIDEO:
                self._publisher.send_video(tag.timestamp_ms, tag.body)
                self.pictures += 1
            case flv.TagType.AUDIO:
                self._publisher.send_audio(tag.timestamp_ms, tag.body)
            case flv.TagType.SCRIPT:
                match amf0.decode(tag.body):
                    case ["onMetaData", dict() as values]:
                        self._publisher.send_metadata(values)


@asynccontextmanager
async def publishing(url: PushUrl, source: Source) -> AsyncIterator[Published]:
    """Publish a source meanwhile, and end it. Raises CommandError when it gives nothing."""
    try:
        first = await source.take()
        publisher = await RtmpPublisher.dial(url, guard=Guard(("127.0.0.0/8",)))
        try:
            published = Published(source, publisher)
            async with asyncio.TaskGroup() as group:
                sending = supervise.start(group, published.send(first), f"publish {source.label}")
                yield published
                await supervise.stop(sending)
        finally:
            await publisher.close()
    finally:
        await source.end()
