"""Streams that are watched, on a real bus: one subscription however many watch, and only while somebody does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from nats.aio.msg import Msg

from tailrace.bus import connection
from tailrace.bus.connection import Bus
from tailrace.bus.media import Publisher
from tailrace.bus.outbox import Outbox, sending
from tailrace.bus.starts import serve_starts
from tailrace.bus.subjects import watched
from tailrace.clock import SystemClock
from tailrace.ids import Kind, Output, SdkAppId, TaskId
from tailrace.ingest.viewer import Viewer
from tailrace.ingest.watching import Watched, Watching
from tailrace.secret import Secret
from tailrace.unit import Codec, Unit
from tailrace.wire.rtp.packet import Packet, parse
from tests.harness.ingest import stream_of
from tests.harness.waiting import DEADLINE
from tests.unit.wire.rtp.sending import sender


@dataclass
class Line:
    """Keeps what is sent."""

    media: list[Packet] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def send_rtp(self, packet: bytes) -> None:
        self.media.append(parse(packet))
        self.more.set()

    def send_rtcp(self, packet: bytes) -> None:
        pass

    async def until(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while len(self.media) < count:
                self.more.clear()
                await self.more.wait()


@dataclass
class Scene:
    bus: Bus
    outbox: Outbox
    watching: Watching


@asynccontextmanager
async def scene(url: Secret) -> AsyncIterator[Scene]:
    bus = await connection.connect(url, "watching test")
    try:
        async with asyncio.TaskGroup() as group, sending(bus) as outbox:
            yield Scene(bus, outbox, Watching(bus, SystemClock(), group))
    finally:
        await bus.close()


def vp8(number: int, *, key: bool = False, session: int = 1) -> Unit:
    return Unit(Codec.VP8, session, number, number * 40_000, number * 40_000, key, b"", bytes((number,)) * 10)


def opus(number: int, session: int = 1) -> Unit:
    return Unit(Codec.OPUS, session, number, number * 20_000, number * 20_000, True, b"", b"opus")


def viewer_of(stream: Watched, line: Line) -> Viewer:
    return Viewer(sender(), line, SystemClock(), lambda: stream.group, lambda: None)


def test_many_viewers_ask_the_publisher_once(nats_url: Secret) -> None:
    async def watch() -> tuple[int, list[Packet], list[Packet]]:
        async with scene(nats_url) as here:
            source, asked = stream_of("watching-1", "alice"), 0

            def give() -> Sequence[Unit]:
                nonlocal asked
                asked += 1
                return [vp8(0, key=True), vp8(1)]

            starts = await serve_starts(here.bus, source, give)
            stream = here.watching.hold(source)
            assert here.watching.hold(source) is stream
            assert await stream.known([Kind.VIDEO], DEADLINE)
            one, two = Line(), Line()
            viewers = [viewer_of(stream, line) for line in (one, two)]
            for viewer in viewers:
                stream.join(viewer)
            publisher = Publisher(here.outbox, source)
            publisher.publish(vp8(2))
            publisher.publish(opus(0))
            await one.until(4)
            await two.until(4)
            for viewer in viewers:
                stream.leave(viewer)
                await here.watching.release(stream)
            await starts.close()
            return asked, one.media, two.media

    asked, one, two = asyncio.run(watch())

    assert asked == 1
    assert [packet.payload for packet in one] == [packet.payload for packet in two]
    assert [packet.payload_type for packet in one] == [96, 96, 96, 111]


def test_picture_ids_go_on_from_the_start_to_what_is_live(nats_url: Secret) -> None:
    async def watch() -> list[Packet]:
        async with scene(nats_url) as here:
            source, line = stream_of("watching-2", "alice"), Line()
            starts = await serve_starts(here.bus, source, lambda: [vp8(7, key=True), vp8(8), vp8(9)])
            stream = here.watching.hold(source)
            await stream.known([Kind.VIDEO], DEADLINE)
            stream.join(viewer_of(stream, line))
            Publisher(here.outbox, source).publish(vp8(10))
            await line.until(4)
            await here.watching.release(stream)
            await starts.close()
            return line.media

    ids = [int.from_bytes(packet.payload[2:4], "big") & 0x7FFF for packet in asyncio.run(watch())]

    assert ids == [0, 1, 2, 3]


def test_a_stream_that_cannot_be_received_costs_nobody_else_anything(
    nats_url: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    async def watch() -> bool:
        async with scene(nats_url) as here:
            await here.bus.close()
            stream = here.watching.hold(stream_of("watching-5", "alice"))
            known = await stream.known([Kind.VIDEO], 0.2)
            await here.watching.release(stream)
            return known

    assert asyncio.run(watch()) is False
    assert "work failed" in caplog.messages


def test_a_stream_that_is_not_there_is_not_known(nats_url: Secret) -> None:
    async def watch() -> bool:
        async with scene(nats_url) as here:
            stream = here.watching.hold(stream_of("watching-3", "nobody"))
            known = await stream.known([Kind.VIDEO], 0.2)
            await here.watching.release(stream)
            return known

    assert not asyncio.run(watch())


def test_what_is_known_of_one_track_is_enough_when_the_other_does_not_come(nats_url: Secret) -> None:
    async def watch() -> dict[Kind, Codec]:
        async with scene(nats_url) as here:
            source = stream_of("watching-4", "alice")
            starts = await serve_starts(here.bus, source, lambda: [vp8(0, key=True)])
            stream = here.watching.hold(source)
            assert await stream.known([Kind.VIDEO, Kind.AUDIO], 0.5)
            await here.watching.release(stream)
            await starts.close()
            return stream.codecs

    assert asyncio.run(watch()) == {Kind.VIDEO: Codec.VP8}


def test_a_tasks_output_is_told_at_once_that_it_is_watched(nats_url: Secret) -> None:
    async def watch() -> int:
        async with scene(nats_url) as here:
            output, told, enough = Output(SdkAppId(1), TaskId("watched")), 0, asyncio.Event()

            async def note(_: Msg) -> None:
                nonlocal told
                told += 1
                if told == 1:
                    enough.set()

            words = await here.bus.subscribe(watched(output), note, on_drop=lambda: None, max_messages=9)
            stream = here.watching.hold(output)
            async with asyncio.timeout(DEADLINE):
                await enough.wait()
            await here.watching.release(stream)
            await here.bus.unsubscribe(words)
            return told

    assert asyncio.run(watch()) == 1
