"""The RTMP server's driver on real sockets: limits, slow and hostile clients, shutting down."""

import asyncio
import contextlib
import os
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from tailrace.errors import DestinationLost, DestinationRefused, PeerError, Rejected
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.net.rtmp_server import Connection, Limits, RtmpServer, serve
from tailrace.secret import PushUrl
from tailrace.wire.rtmp import amf0
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.chunk import ChunkWriter, Message
from tailrace.wire.rtmp.client import Purpose
from tailrace.wire.rtmp.event import Metadata, PlayRequested, PublishRequested, Video
from tests.harness.rtmp_player import RtmpPlayer
from tests.unit.wire.rtmp.cuts import wired

GUARD = Guard(["127.0.0.0/8"])
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


class Recorder:
    """A handler that takes everything and notes it in `notes`; told to, it refuses or breaks."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.notes: list[object] = []
        self.changed = asyncio.Event()

    def note(self, what: object) -> None:
        self.notes.append(what)
        self.changed.set()

    async def wait_for(self, count: int) -> list[object]:
        async with asyncio.timeout(5):
            while len(self.notes) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.notes

    async def publish(self, request: PublishRequested) -> None:
        if request.name == "forbidden":
            raise Rejected("not for you")
        self.note("publish")

    async def play(self, request: PlayRequested) -> None:
        if request.name == "missing":
            raise Rejected("nobody publishes it", "NetStream.Play.StreamNotFound")
        self.connection.accept()
        self.connection.send_metadata({"start": True})
        self.note("play")

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        self.note(("audio", timestamp_ms, payload))

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        if payload == b"B":
            raise PeerError("no B-frames, please")
        self.note(("video", timestamp_ms, payload))

    async def metadata(self, timestamp_ms: int, values: dict[str, Value]) -> None:
        self.note(values)

    async def ended(self, orderly: bool, reason: str) -> None:
        self.note((orderly, reason))


class Serving:
    """A server whose handlers are kept."""

    def __init__(self) -> None:
        self.handlers: list[Recorder] = []
        self.server: RtmpServer

    def url(self, name: str = "key") -> PushUrl:
        return PushUrl(f"rtmp://127.0.0.1:{self.server.port}/live/{name}")

    def handler(self, connection: Connection) -> Recorder:
        self.handlers.append(Recorder(connection))
        return self.handlers[-1]


@contextlib.asynccontextmanager
async def serving(limits: Limits = Limits()) -> AsyncIterator[Serving]:  # noqa: B008
    kept = Serving()
    async with serve("127.0.0.1", 0, kept.handler, limits) as kept.server:
        yield kept


async def closed_by_the_server(reader: asyncio.StreamReader) -> bytes:
    """Return what came until the server hung up, in whatever way."""
    found = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                found += data
    return found


@LOOPS
def test_a_publisher_is_heard_from_metadata_to_its_orderly_end(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with serving() as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            publisher.send_metadata({"width": 2.0})
            publisher.send_video(0, b"\x17\x00")
            publisher.send_audio(5, b"\xaf\x00" * 100_000)
            await publisher.close()
            (handler,) = kept.handlers

            assert await handler.wait_for(5) == [
                "publish",
                {"width": 2.0},
                ("video", 0, b"\x17\x00"),
                ("audio", 5, b"\xaf\x00" * 100_000),
                (True, "FCUnpublish"),
            ]
            assert handler.connection.peer_address == "127.0.0.1"
            assert not publisher.lost.done()

    run(test())


def test_a_publisher_who_vanishes_has_not_ended_in_order() -> None:
    async def test() -> None:
        async with serving() as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            publisher._session._abort()

            assert (await kept.handlers[0].wait_for(2))[1] in (
                (False, "the connection broke"),
                (False, "the client closed the connection"),
            )

    asyncio.run(test())


def test_a_rejected_publisher_is_told_why_and_its_handler_hears_no_more() -> None:
    async def test() -> None:
        async with serving() as kept:
            with pytest.raises(DestinationRefused, match=r"NetStream\.Publish\.BadName: not for you"):
                await RtmpPublisher.dial(kept.url("forbidden"), guard=GUARD)
            with pytest.raises(DestinationRefused, match=r"StreamNotFound: nobody publishes it"):
                await RtmpPlayer.dial(kept.url("missing"), guard=GUARD)

            assert [handler.notes for handler in kept.handlers] == [[], []]

    asyncio.run(test())


def test_a_handler_that_objects_to_the_media_closes_the_connection_and_says_why() -> None:
    async def test() -> None:
        async with serving() as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            publisher.send_video(0, b"B")
            publisher.send_video(1, b"after")

            error = await publisher.lost
            assert isinstance(error, DestinationRefused)
            assert str(error) == "NetStream.Failed: no B-frames, please"
            assert await kept.handlers[0].wait_for(2) == ["publish", (False, "no B-frames, please")]

    asyncio.run(test())


def test_a_connection_is_closed_from_elsewhere_and_twice_is_harmless() -> None:
    async def test() -> None:
        async with serving() as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            kept.handlers[0].connection.close("replaced")
            kept.handlers[0].connection.close("again")

            assert str(await publisher.lost) == "NetStream.Failed: replaced"
            assert await kept.handlers[0].wait_for(2) == ["publish", (False, "replaced")]

    asyncio.run(test())


@LOOPS
def test_a_player_gets_the_start_at_once_and_the_end_as_the_end(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with serving() as kept:
            player = await RtmpPlayer.dial(kept.url(), guard=GUARD)
            connection = kept.handlers[0].connection
            for time in range(500):
                connection.send_video(time, b"\x17\x01" + bytes(100))
            connection.finish_play()

            events = [event async for event in player]
            await player.close()

            assert events[0] == Metadata(0, {"start": True})
            assert [event.timestamp_ms for event in events[1:]] == list(range(500))
            assert (await kept.handlers[0].wait_for(2))[1] == (False, "the stream has ended")

    run(test())


def test_a_player_who_leaves_has_ended_in_order() -> None:
    async def test() -> None:
        async with serving() as kept:
            player = await RtmpPlayer.dial(kept.url(), guard=GUARD)
            await player.close()

            assert await kept.handlers[0].wait_for(2) == ["play", (True, "deleteStream")]

    asyncio.run(test())


def test_a_slow_player_loses_pictures_up_to_a_key_frame_but_no_sound_and_no_set_up() -> None:
    async def test() -> None:
        async with serving(Limits(drop_bytes=200_000, write_bytes=1 << 30)) as kept:
            player = await RtmpPlayer.dial(kept.url(), guard=GUARD)
            player._session.pause(True)
            connection = kept.handlers[0].connection
            frame = bytes(50_000)
            sent = 0
            while not connection.dropped:
                connection.send_video(sent, b"\x27\x01" + frame)
                sent += 1
            connection.send_video(sent, b"\x17\x01" + frame)  # a key frame, while nothing has drained
            connection.send_video(sent + 1, b"\x17\x00set-up")
            connection.send_audio(sent + 1, b"\xaf\x01")
            dropped = connection.dropped
            player._session.pause(False)
            events = [await anext(player) for _ in range(1 + sent - 1 + 2)]
            connection.send_video(sent + 2, b"\x27\x01")
            connection.send_video(sent + 3, b"\x17\x01")
            last = await anext(player)
            await player.close()

            assert dropped == 2
            assert [event.timestamp_ms for event in events[1:]] == [*range(sent - 1), sent + 1, sent + 1]
            assert last == Video(sent + 3, b"\x17\x01")
            assert connection.dropped == 3

    asyncio.run(test())


def test_a_player_who_takes_nothing_is_cut_off() -> None:
    async def test() -> None:
        async with serving(Limits(write_bytes=100_000)) as kept:
            player = await RtmpPlayer.dial(kept.url(), guard=GUARD)
            player._session.pause(True)
            connection = kept.handlers[0].connection
            for _ in range(2000):
                connection.send_audio(0, bytes(10_000))

            assert (await kept.handlers[0].wait_for(2))[1] == (False, "the client takes too slowly what it is sent")
            assert connection.backlog_bytes == 0
            await player.close()

    asyncio.run(test())


@LOOPS
@pytest.mark.parametrize(
    "opening", [b"", b"\x03", b"\x03" + bytes(1000), b"\x03" + bytes(3072), b"\x03" + bytes(3072) + b"\x03\x00\x00"]
)
def test_a_client_that_dawdles_is_closed(opening: bytes, run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with serving(Limits(handshake_timeout=0.2)) as kept:
            reader, writer = await asyncio.open_connection("127.0.0.1", kept.server.port)
            writer.write(opening)

            await closed_by_the_server(reader)
            writer.close()
        assert kept.handlers == []

    run(test())


def test_a_client_that_sends_a_byte_now_and_then_is_closed_all_the_same() -> None:
    async def test() -> None:
        async with serving(Limits(handshake_timeout=0.3)) as kept:
            reader, writer = await asyncio.open_connection("127.0.0.1", kept.server.port)
            writer.write(b"\x03")
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionError):
                    while not reader.at_eof():
                        writer.write(b"\x00")
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(reader.read(1), 0.05)
            writer.close()

    asyncio.run(test())


def test_a_publisher_that_falls_silent_is_closed() -> None:
    async def test() -> None:
        async with serving(Limits(idle_timeout=0.2)) as kept:
            client, _ = wired(Purpose.PUBLISH)
            reader, writer = await asyncio.open_connection("127.0.0.1", kept.server.port)
            # A client that does everything up to the publish, and then does not even answer pings.
            while client.state.name != "PUBLISHING":
                writer.write(client.data_to_send())
                client.receive(await reader.read(65536))
            assert (await kept.handlers[0].wait_for(2))[1] == (False, "nothing came for 0.2 s")
            writer.close()

    asyncio.run(test())


def test_a_client_that_answers_pings_is_not_idle() -> None:
    async def test() -> None:
        async with serving(Limits(idle_timeout=1)) as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(publisher.lost), 1.5)
            await publisher.close()
            assert await kept.handlers[0].wait_for(2) == ["publish", (True, "FCUnpublish")]

    asyncio.run(test())


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + os.urandom(500), b"\x03" + bytes(3072) + b"\x04" + b"\xff" * 500],
    ids=["http", "tls", "garbage"],
)
def test_garbage_is_closed(data: bytes) -> None:
    async def test() -> None:
        async with serving() as kept:
            reader, writer = await asyncio.open_connection("127.0.0.1", kept.server.port)
            writer.write(data)

            await closed_by_the_server(reader)
            writer.close()

    asyncio.run(test())


def test_a_chunk_that_claims_two_gigabytes_is_refused_and_memory_stays_flat() -> None:
    async def test() -> None:
        chunks = ChunkWriter()
        size = chunks.write(2, Message(1, 0, 0, (0x7FFFFFFF).to_bytes(4, "big")))
        async with serving() as kept:
            reader, writer = await asyncio.open_connection("127.0.0.1", kept.server.port)
            writer.write(b"\x03" + bytes(3072) + size)
            tracemalloc.start()
            try:
                with contextlib.suppress(ConnectionError):
                    for _ in range(200):
                        writer.write(bytes.fromhex("04 000000 ffffff 09 01000000") + bytes(50_000))
                        await writer.drain()
                await closed_by_the_server(reader)
                assert tracemalloc.get_traced_memory()[1] < 4 << 20
            finally:
                tracemalloc.stop()
            writer.close()

    asyncio.run(test())


def test_a_client_that_asks_without_ever_reading_is_cut_off() -> None:
    async def test() -> None:
        # The answer to this has thrice its size.
        call = ChunkWriter().write(3, Message(20, 0, 0, amf0.encode("FCPublish", 2.0)))
        connect = ChunkWriter().write(3, Message(20, 0, 0, amf0.encode("connect", 1.0, {"app": "live"})))
        async with serving(Limits(write_bytes=50_000)) as kept:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(client, ("127.0.0.1", kept.server.port))
                await loop.sock_sendall(client, b"\x03" + bytes(3072) + connect)
                async with asyncio.timeout(10):
                    with contextlib.suppress(ConnectionError):
                        while True:
                            await loop.sock_sendall(client, call * 1000)
            assert kept.handlers == []

    asyncio.run(test())


def test_a_handler_that_waits_holds_the_publisher_back() -> None:
    class Stuck(Recorder):
        async def video(self, timestamp_ms: int, payload: bytes) -> None:
            await self.connection._gone.wait()

    async def test() -> None:
        async with serve("127.0.0.1", 0, Stuck, Limits(read_bytes=100_000)) as server:
            url = PushUrl(f"rtmp://127.0.0.1:{server.port}/live/key")
            publisher = await RtmpPublisher.dial(url, guard=GUARD)
            while not publisher.lost.done():
                publisher.send_video(0, bytes(100_000))

            error = await publisher.lost
            assert isinstance(error, DestinationLost)
            assert "stopped taking media" in str(error)
            assert publisher.backlog_bytes == 0

    asyncio.run(test())


def test_a_full_server_tells_the_next_client_and_has_room_again_later() -> None:
    async def test() -> None:
        async with serving(Limits(max_connections=1)) as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            with pytest.raises(DestinationRefused, match=r"NetConnection\.Connect\.Rejected: The server is full"):
                await RtmpPublisher.dial(kept.url(), guard=GUARD)
            await publisher.close()
            again = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            await again.close()

    asyncio.run(test())


def test_far_too_many_connections_are_cut_off_at_once() -> None:
    async def test() -> None:
        async with serving(Limits(max_connections=1)) as kept:
            opened = [await asyncio.open_connection("127.0.0.1", kept.server.port) for _ in range(40)]
            reader, _ = opened[-1]
            assert await closed_by_the_server(reader) == b""
            for _, writer in opened:
                writer.close()

    asyncio.run(test())


@LOOPS
def test_a_server_that_stops_tells_everybody_and_waits_for_the_handlers(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with serving() as kept:
            publisher = await RtmpPublisher.dial(kept.url(), guard=GUARD)
            player = await RtmpPlayer.dial(kept.url(), guard=GUARD)
            await kept.server.stop()
            await kept.server.stop()

            assert [handler.notes[-1] for handler in kept.handlers] == [(False, "The server is shutting down.")] * 2
            assert "The server is shutting down." in str(await publisher.lost)
            await player.close()
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", kept.server.port)

    run(test())


def test_a_handler_that_never_returns_does_not_keep_the_server_from_stopping() -> None:
    class Hanging(Recorder):
        async def publish(self, request: PublishRequested) -> None:
            await asyncio.Event().wait()

    async def test() -> None:
        async with serve("127.0.0.1", 0, Hanging) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            client, _ = wired()
            writer.write(client.data_to_send())
            writer.close()
            async with asyncio.timeout(10):
                await server.stop()

    asyncio.run(test())


def test_a_fault_of_a_handler_ends_its_connection_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(Recorder):
        async def audio(self, timestamp_ms: int, payload: bytes) -> None:
            raise RuntimeError("a bug")

    async def test() -> None:
        handlers: list[Faulty] = []

        def make(connection: Connection) -> Faulty:
            handlers.append(Faulty(connection))
            return handlers[-1]

        async with serve("127.0.0.1", 0, make) as server:
            url = PushUrl(f"rtmp://127.0.0.1:{server.port}/live/key")
            other, faulty = await RtmpPublisher.dial(url, guard=GUARD), await RtmpPublisher.dial(url, guard=GUARD)
            faulty.send_audio(0, b"sound")
            async with asyncio.timeout(5):
                await faulty.lost
            other.send_video(0, b"picture")
            await handlers[0].wait_for(2)
            await other.close()

    asyncio.run(test())

    assert "a bug" in caplog.text
