"""RTMP with other people's programs: ffmpeg and librtmp publish to our server, ffmpeg plays from us and through nginx.

Content is checked: what arrives is compared with the file that was sent, byte for byte, and decoded.
"""

import asyncio
import ctypes
import ctypes.util
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.net.rtmp_server import Connection, RtmpServer, serve
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.chunk import Message
from tailrace.wire.rtmp.event import PlayRequested, PublishRequested
from tailrace.wire.rtmp.message import TypeId, parts
from tests.fakes.nginx import Nginx, nginx_missing

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")

GUARD = Guard(["127.0.0.0/8"])
SECONDS, RATE = 2, 25
FLV_HEADER = 13


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving picture with a tone: H.264 and AAC in FLV, whose tags are what RTMP carries."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    picture = f"-f lavfi -i testsrc2=duration={SECONDS}:size=640x360:rate={RATE}"
    tone = f"-f lavfi -i sine=frequency=440:duration={SECONDS}"
    encoded = "-c:v libx264 -preset ultrafast -g 25 -b:v 4M -c:a aac -flvflags no_duration_filesize -f flv"
    command = f"ffmpeg -v error {picture} {tone} {encoded}".split()
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path


def tags(clip: Path) -> list[Message]:
    """Return the tags of an FLV file; they have the form of the parts of an aggregate message."""
    return list(parts(Message(TypeId.AGGREGATE, 1, 0, clip.read_bytes()[FLV_HEADER:])))


class Room:
    """Takes one publish, or plays `clip` to whoever comes."""

    def __init__(self, clip: Path) -> None:
        self.clip = clip
        self.request: PublishRequested | PlayRequested
        self.received: list[tuple[int, int, bytes]] = []
        self.metadata_values: dict[str, Value] = {}
        self.end: tuple[bool, str] | None = None
        self.over = asyncio.Event()

    def handler(self, connection: Connection) -> "Room":
        self.connection = connection
        return self

    async def publish(self, request: PublishRequested) -> None:
        self.request = request

    async def play(self, request: PlayRequested) -> None:
        self.request = request
        self.connection.accept()
        self.connection.send_metadata({"width": 640.0, "height": 360.0})
        for tag in tags(self.clip):
            if tag.type_id == TypeId.VIDEO:
                self.connection.send_video(tag.timestamp, tag.body)
            elif tag.type_id == TypeId.AUDIO:
                self.connection.send_audio(tag.timestamp, tag.body)
        self.connection.finish_play()

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        self.received.append((TypeId.AUDIO, timestamp_ms, payload))

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        self.received.append((TypeId.VIDEO, timestamp_ms, payload))

    async def metadata(self, timestamp_ms: int, values: dict[str, Value]) -> None:
        self.metadata_values = values

    async def ended(self, orderly: bool, reason: str) -> None:
        self.end = orderly, reason
        self.over.set()

    def tracks(self) -> list[list[tuple[int, int, bytes]]]:
        """Return pictures and sound apart: in which order a publisher interleaves them is its own affair."""
        return by_track(self.received)


def by_track(media: list[tuple[int, int, bytes]]) -> list[list[tuple[int, int, bytes]]]:
    # ffmpeg ends its H.264 with an end-of-sequence message when it writes a file, and not on every way out.
    kept = [item for item in media if not (item[0] == TypeId.VIDEO and item[2][1:2] == b"\x02")]
    return [[item for item in kept if item[0] == kind] for kind in (TypeId.VIDEO, TypeId.AUDIO)]


def sent(clip: Path) -> list[list[tuple[int, int, bytes]]]:
    return by_track([(tag.type_id, tag.timestamp, tag.body) for tag in tags(clip) if tag.type_id != TypeId.DATA])


@asynccontextmanager
async def room(clip: Path) -> AsyncIterator[tuple[Room, RtmpServer]]:
    made = Room(clip)
    async with serve("127.0.0.1", 0, made.handler) as server:
        yield made, server


async def run(*command: str) -> bytes:
    """Run a program to its end and return its standard output."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return output


async def probe(url: str) -> dict[str, int]:
    """Play to the end with ffprobe, decoding everything; return the number of frames by kind."""
    fields = ["-count_frames", "-show_entries", "stream=codec_name,nb_read_frames", "-of", "json"]
    found = json.loads(await run("ffprobe", "-v", "error", *fields, url))
    return {stream["codec_name"]: int(stream["nb_read_frames"]) for stream in found["streams"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("push/room?sdkappid=1&userid=bob&usersig=e*-_", ("push", "room", "sdkappid=1&userid=bob&usersig=e*-_")),
        ("live/key", ("live", "key", "")),
        ("live/instance/key?a=b", ("live", "instance/key", "a=b")),
        ("push/room?a=b/c", ("push", "room", "a=b/c")),
    ],
)
def test_ffmpeg_publishes_and_every_byte_arrives(path: str, expected: tuple[str, str, str], clip: Path) -> None:
    async def test() -> None:
        async with room(clip) as (made, server):
            url = f"rtmp://127.0.0.1:{server.port}/{path}"
            await run("ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-f", "flv", url)
            await made.over.wait()

            request = made.request
            assert (request.app, request.name, request.query) == expected
            assert made.metadata_values["width"] == 640.0
            assert made.tracks() == sent(clip)
            assert made.end == (True, "FCUnpublish")

    asyncio.run(test())


@pytest.mark.parametrize("offset", [16_777, 2_147_483])
def test_times_of_ffmpeg_pass_the_edge_of_24_and_of_31_bits(offset: int, clip: Path) -> None:
    async def test() -> None:
        async with room(clip) as (made, server):
            url = f"rtmp://127.0.0.1:{server.port}/live/key"
            late = ["-output_ts_offset", str(offset), "-f", "flv"]
            await run("ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", *late, url)
            await made.over.wait()

            for received, expected in zip(made.tracks(), sent(clip), strict=True):
                assert [payload for _, _, payload in received] == [payload for _, _, payload in expected]
                # The set-up data has no time of its own; ffmpeg sends it with another one than in a file.
                assert [time - offset * 1000 for _, time, _ in received[1:]] == [time for _, time, _ in expected[1:]]

    asyncio.run(test())


def test_ffmpeg_publishes_with_the_stream_key_given_apart_as_obs_does(clip: Path) -> None:
    async def test() -> None:
        async with room(clip) as (made, server):
            apart = ["-rtmp_playpath", "room?userid=bob", "-f", "flv", f"rtmp://127.0.0.1:{server.port}/push"]
            await run("ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", *apart)
            await made.over.wait()

            assert (made.request.app, made.request.name, made.request.query) == ("push", "room", "userid=bob")

    asyncio.run(test())


def test_ffmpeg_plays_from_us_to_the_end(clip: Path) -> None:
    async def test() -> None:
        async with room(clip) as (_, server):
            frames = await probe(f"rtmp://127.0.0.1:{server.port}/live/key")

            assert frames["h264"] == SECONDS * RATE
            assert abs(frames["aac"] - SECONDS * 44_100 / 1024) < 3

    asyncio.run(test())


@pytest.mark.skipif(bool(nginx_missing()), reason=nginx_missing())
def test_our_publisher_feeds_nginx_and_ffmpeg_decodes_every_frame(clip: Path, tmp_path: Path) -> None:
    async def test() -> None:
        with Nginx(tmp_path) as nginx:
            publisher = await RtmpPublisher.dial(PushUrl(nginx.url("key?token=a")), guard=GUARD)
            record = tmp_path / "played.flv"
            # A player that comes before the media gets all of it.
            player = await asyncio.create_subprocess_exec(
                "ffmpeg", "-v", "error", "-i", nginx.url("key"), "-c", "copy", str(record), stdin=subprocess.DEVNULL
            )
            try:
                async with asyncio.timeout(10):
                    await asyncio.to_thread(nginx.wait_for_log, "play: name='key'")
                publisher.send_metadata({"width": 640.0, "height": 360.0, "videocodecid": 7.0, "audiocodecid": 10.0})
                for tag in tags(clip):
                    if tag.type_id == TypeId.VIDEO:
                        publisher.send_video(tag.timestamp, tag.body)
                    elif tag.type_id == TypeId.AUDIO:
                        publisher.send_audio(tag.timestamp, tag.body)
                await publisher.close()
                async with asyncio.timeout(10):
                    assert await player.wait() == 0
            finally:
                if player.returncode is None:
                    player.kill()
                    await player.wait()
            frames = await probe(str(record))

            assert frames["h264"] == SECONDS * RATE
            assert abs(frames["aac"] - SECONDS * 44_100 / 1024) < 3
            assert [body for _, _, body in sent(record)[0]] == [body for _, _, body in sent(clip)[0]]

    asyncio.run(test())


@pytest.mark.skipif(ctypes.util.find_library("rtmp") is None, reason="librtmp is not installed")
def test_librtmp_which_obs_is_made_of_publishes_and_every_byte_arrives(clip: Path) -> None:
    def publish(url: str) -> None:
        librtmp = ctypes.CDLL(ctypes.util.find_library("rtmp"))
        librtmp.RTMP_Alloc.restype = ctypes.c_void_p
        rtmp = ctypes.c_void_p(librtmp.RTMP_Alloc())
        librtmp.RTMP_Init(rtmp)
        address = ctypes.create_string_buffer(url.encode())  # it keeps pointers into it
        try:
            assert librtmp.RTMP_SetupURL(rtmp, address)
            librtmp.RTMP_EnableWrite(rtmp)
            assert librtmp.RTMP_Connect(rtmp, None)
            assert librtmp.RTMP_ConnectStream(rtmp, 0)
            data = clip.read_bytes()
            assert librtmp.RTMP_Write(rtmp, data, len(data)) == len(data)
        finally:
            librtmp.RTMP_Close(rtmp)
            librtmp.RTMP_Free(rtmp)

    async def test() -> None:
        async with room(clip) as (made, server):
            await asyncio.to_thread(publish, f"rtmp://127.0.0.1:{server.port}/push/room?userid=bob")
            await made.over.wait()

            assert (made.request.app, made.request.name, made.request.query) == ("push", "room", "userid=bob")
            assert made.tracks() == sent(clip)
            assert made.end is not None
            assert made.end[0]

    asyncio.run(test())
