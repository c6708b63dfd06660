"""What a CDN does, and what our publisher relies on: one suite for the fake and for nginx with its RTMP module."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.event import Audio, Metadata, Video
from tests.fakes.cdn import FakeCdn
from tests.fakes.nginx import Nginx, nginx_missing
from tests.harness.rtmp_player import RtmpPlayer

GUARD = Guard(["127.0.0.0/8"])
KEY_FRAME, FRAME, SOUND = b"\x17\x01\x00\x00\x00", b"\x27\x01\x00\x00\x00", b"\xaf\x01"
VIDEO_SET_UP, AUDIO_SET_UP = b"\x17\x00\x00\x00\x00" + bytes(20), b"\xaf\x00\x12\x10"


class Fake:
    """What the fake received."""

    def __init__(self, cdn: FakeCdn) -> None:
        self.url = cdn.url
        self._cdn = cdn

    @asynccontextmanager
    async def watching(self, name: str) -> AsyncIterator[list[Audio | Video | Metadata]]:
        """Fill the list with what came by the end of the block, in which the stream must end."""
        received: list[Audio | Video | Metadata] = []
        yield received
        stream = next(stream for stream in self._cdn.streams if stream.name == name)
        await self._cdn.wait_for(lambda: not stream.live)
        received.append(Metadata(0, stream.metadata))
        received += [Video(*item) for item in stream.video]
        received += [Audio(*item) for item in stream.audio]


class Real:
    """What a player of nginx received."""

    def __init__(self, nginx: Nginx) -> None:
        self.url = nginx.url

    @asynccontextmanager
    async def watching(self, name: str) -> AsyncIterator[list[Audio | Video | Metadata]]:
        """Fill the list with what came by the end of the block, in which the stream must end."""
        received: list[Audio | Video | Metadata] = []
        player = await RtmpPlayer.dial(PushUrl(self.url(name)), guard=GUARD)
        yield received
        async with asyncio.timeout(5):
            received += [event async for event in player]
        await player.close()


Cdn = Fake | Real


@asynccontextmanager
async def running(kind: str, folder: Path) -> AsyncIterator[Cdn]:
    if kind == "fake":
        async with FakeCdn() as cdn:
            yield Fake(cdn)
    elif why := nginx_missing():
        pytest.skip(why)
    else:
        with Nginx(folder) as nginx:
            yield Real(nginx)


BOTH = pytest.mark.parametrize("kind", ["fake", "nginx"])


@BOTH
def test_what_is_published_arrives_whole_and_ends_as_an_end(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            publisher = await RtmpPublisher.dial(PushUrl(cdn.url("key?token=a")), guard=GUARD)
            async with cdn.watching("key") as received:
                publisher.send_metadata({"width": 640.0, "height": 360.0})
                publisher.send_video(0, VIDEO_SET_UP)
                publisher.send_audio(0, AUDIO_SET_UP)
                for time in range(0, 1000, 40):
                    frame = FRAME if time % 400 else KEY_FRAME
                    publisher.send_video(time, frame + time.to_bytes(2, "big") * 40_000)
                    publisher.send_audio(time + 5, SOUND + time.to_bytes(2, "big") * 100)
                await publisher.close()

            video = [event for event in received if isinstance(event, Video)]
            audio = [event for event in received if isinstance(event, Audio)]
            (metadata,) = [event for event in received if isinstance(event, Metadata) and "width" in event.values]
            assert (metadata.values["width"], metadata.values["height"]) == (640.0, 360.0)
            assert video[0].payload == VIDEO_SET_UP
            assert audio[0].payload == AUDIO_SET_UP
            assert [(event.timestamp_ms, len(event.payload)) for event in video[1:]] == [
                (time, 80_005) for time in range(0, 1000, 40)
            ]
            assert [(event.timestamp_ms, event.payload[2:4]) for event in audio[1:]] == [
                (time + 5, time.to_bytes(2, "big")) for time in range(0, 1000, 40)
            ]

    asyncio.run(test())


@BOTH
def test_a_name_is_free_again_as_soon_as_the_publish_has_ended(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            for _ in range(5):
                publisher = await RtmpPublisher.dial(PushUrl(cdn.url("key")), guard=GUARD)
                publisher.send_video(0, VIDEO_SET_UP)
                await publisher.close()

    asyncio.run(test())


@BOTH
def test_the_cdn_hangs_up_at_once_when_the_publish_ends(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            publisher = await RtmpPublisher.dial(PushUrl(cdn.url("key")), guard=GUARD)
            # If it did not, this would take a minute.
            async with asyncio.timeout(5):
                await publisher.close(timeout=60)

    asyncio.run(test())


@BOTH
def test_times_that_pass_the_edge_of_24_and_of_32_bits_arrive_as_they_are(kind: str, tmp_path: Path) -> None:
    times = [2**24 - 40, 2**24, 2**24 + 40, 2**32 - 40, 2**32, 2**32 + 40]

    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            publisher = await RtmpPublisher.dial(PushUrl(cdn.url("key")), guard=GUARD)
            async with cdn.watching("key") as received:
                for time in times:
                    publisher.send_audio(time, SOUND + bytes(100_000))
                await publisher.close()

            assert [event.timestamp_ms % 2**32 for event in received if isinstance(event, Audio)] == [
                time % 2**32 for time in times
            ]

    asyncio.run(test())
