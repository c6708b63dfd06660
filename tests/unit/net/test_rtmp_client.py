"""The RTMP client's driver: refusals, silence, loss and the orderly end, against a fake CDN on a real socket."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tailrace.errors import AddressForbidden, CallerError, DestinationLost, DestinationRefused, DestinationUnreachable
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.net.rtmp_session import MAX_BACKLOG
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.url import parse
from tests.fakes.cdn import FakeCdn
from tests.harness.rtmp_player import RtmpPlayer

GUARD = Guard(["127.0.0.0/8", "::1/128"])
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

ORDER = ["connect", "releaseStream", "FCPublish", "createStream", "publish"]


def dial(cdn: FakeCdn, name: str = "key?token=hush", timeout: float = 5.0) -> Any:
    return RtmpPublisher.dial(PushUrl(cdn.url(name)), guard=GUARD, timeout=timeout)


def open_sockets() -> set[str]:
    """Return the sockets of this process, as the kernel sees them."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that this looks through
            found.add(str(link.readlink()))
    return {name for name in found if name.startswith("socket:")}


@LOOPS
def test_a_publish_ends_in_order_with_all_that_was_sent(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            publisher = await dial(cdn)
            publisher.send_metadata({"width": 2.0})
            for time in range(0, 4000, 40):
                publisher.send_video(time, b"\x17\x01" + bytes(100_000))
            await publisher.close()
            await publisher.close()
            publisher.send_video(9999, b"late")
            (stream,) = cdn.streams

            assert stream.events == [*ORDER, "onMetaData", "FCUnpublish", "deleteStream", "closed"]
            assert (stream.app, stream.name, stream.query) == ("live", "key", "token=hush")
            assert [time for time, _ in stream.video] == list(range(0, 4000, 40))
            assert publisher.backlog_bytes == 0
            assert publisher.sent_bytes > 10_000_000
            assert not publisher.lost.done()

    run(test())


@pytest.mark.parametrize("code", ["NetStream.Publish.BadName", "NetStream.Publish.Denied"])
def test_a_refusal_has_the_code_of_the_cdn(code: str) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            cdn.refuse(code)
            with pytest.raises(DestinationRefused) as refused:
                await dial(cdn)

            assert refused.value.code == code
            assert "hush" not in str(refused.value)

    asyncio.run(test())


def test_a_cdn_that_is_silent_after_accept_is_unreachable_after_the_time_limit() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            cdn.stall()
            with pytest.raises(DestinationUnreachable, match=r"\*\*\* did not answer within 0.2 s"):
                await dial(cdn, timeout=0.2)
            cdn.stall(False)
            cdn.silent_after_publish()
            with pytest.raises(DestinationUnreachable, match="did not answer"):
                await dial(cdn, timeout=0.2)

    asyncio.run(test())


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    async def test() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = PushUrl(f"rtmp://127.0.0.1:{taken.getsockname()[1]}/live/hush")
            with pytest.raises(DestinationUnreachable) as failed:
                await RtmpPublisher.dial(url, guard=GUARD)
            assert "hush" not in str(failed.value)

    asyncio.run(test())


def test_something_that_is_not_rtmp_is_lost() -> None:
    async def test() -> None:
        async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(http, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(DestinationLost, match="broke the protocol: RTMP version 72"):
                await RtmpPublisher.dial(parse(f"rtmp://127.0.0.1:{port}/live/key"), guard=GUARD)

    asyncio.run(test())


def test_forbidden_and_malformed_addresses_are_refused_before_anything_is_dialled() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            with pytest.raises(AddressForbidden):
                await RtmpPublisher.dial(PushUrl(cdn.url("key")), guard=Guard())
            with pytest.raises(CallerError):
                await RtmpPublisher.dial(PushUrl("http://127.0.0.1/live/key"), guard=GUARD)

            assert cdn.streams == []

    asyncio.run(test())


@LOOPS
def test_a_broken_connection_and_a_late_refusal_are_told(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            first = await dial(cdn)
            cdn.reset()
            async with asyncio.timeout(5):
                assert isinstance(await first.lost, DestinationLost)
            first.send_video(0, b"late")
            await first.close()

            second = await dial(cdn)
            cdn.turn_out("NetStream.Publish.Denied")
            async with asyncio.timeout(5):
                error = await second.lost
            assert isinstance(error, DestinationRefused)
            assert error.code == "NetStream.Publish.Denied"
            await second.close()

    run(test())


def test_a_cdn_that_stops_reading_shows_in_the_backlog_and_is_given_up_in_the_end() -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            publisher = await dial(cdn)
            cdn.stall()
            while not publisher.backlog_bytes:
                publisher.send_video(0, bytes(100_000))
                await asyncio.sleep(0)  # what is sent leaves at the end of a turn of the loop
            assert not publisher.lost.done()
            for _ in range(MAX_BACKLOG // 100_000 + 1):
                publisher.send_video(0, bytes(100_000))

            assert "stopped taking media" in str(await publisher.lost)
            await publisher.close()

    asyncio.run(test())


@LOOPS
def test_closing_towards_a_cdn_that_stalls_is_bounded(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            publisher = await dial(cdn)
            cdn.stall()
            while not publisher.backlog_bytes:
                publisher.send_video(0, bytes(100_000))
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                group.create_task(publisher.close(timeout=0.1), name="one")
                group.create_task(publisher.close(timeout=0.1), name="two")

    run(test())


@LOOPS
def test_what_a_cdn_still_asks_while_a_publish_ends_is_not_answered(run: Callable[[Any], None]) -> None:
    # The answer to a ping was written behind the end of our half, which the event loop reports as a fault of ours.
    async def test() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with FakeCdn() as cdn:
            publisher = await dial(cdn)
            cdn.ping()

            await publisher.close()

            assert cdn.streams[0].events[-3:] == ["FCUnpublish", "deleteStream", "closed"]
        assert faults == []

    run(test())


@LOOPS
def test_cancelling_a_dial_leaves_no_socket(run: Callable[[Any], None]) -> None:
    async def test() -> None:
        async with FakeCdn() as cdn:
            before = open_sockets()
            cdn.silent_after_publish()
            for phase in (lambda: True, lambda: cdn.streams, lambda: "publish" in cdn.streams[-1].events):
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(dial(cdn), name="dial")
                    await cdn.wait_for(phase)
                    task.cancel()
                assert task.cancelled()
            for connection in cdn.connections:
                await connection.gone.wait()
            # One more turn of the loop, in which asyncio closes what was aborted.
            async with FakeCdn():
                pass
            assert open_sockets() <= before
            assert cdn.streams[-1].events == [*ORDER, "FCUnpublish", "deleteStream", "closed"]

    run(test())


@LOOPS
@pytest.mark.parametrize("cancels", [1, 2])
def test_a_cdn_that_reads_nothing_more_does_not_hold_up_a_cancelled_dial(
    run: Callable[[Any], None], cancels: int
) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        async with FakeCdn() as cdn:
            before = open_sockets()
            cdn.silent_after_publish()
            async with asyncio.TaskGroup() as group:
                task = group.create_task(dial(cdn), name="dial")
                await cdn.wait_for(lambda: cdn.streams and "publish" in cdn.streams[-1].events)
                cdn.stall()
                began = loop.time()
                task.cancel()
                if cancels == 2:
                    async with FakeCdn():  # some turns of the loop, in which the dial begins its end
                        pass
                    task.cancel()
            assert task.cancelled()
            assert loop.time() - began < (2.0 if cancels == 1 else 0.5)
            cdn.stall(False)
            await cdn.connections[0].gone.wait()
            async with FakeCdn():
                pass
            assert open_sockets() <= before

    run(test())


def test_several_addresses_are_tried_in_turn() -> None:
    class Twice(Guard):
        async def resolve(self, host: str, port: int, timeout: float = 5.0) -> tuple[str, ...]:
            return "127.0.0.2", "127.0.0.1"

    async def test() -> None:
        async with FakeCdn() as cdn:
            publisher = await RtmpPublisher.dial(PushUrl(cdn.url("key")), guard=Twice())
            await publisher.close()

    asyncio.run(test())


def test_a_player_whose_server_breaks_the_connection_hears_of_it() -> None:
    async def test() -> None:
        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(DestinationLost):
                await RtmpPlayer.dial(parse(f"rtmp://127.0.0.1:{port}/live/key"), guard=GUARD)

    asyncio.run(test())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, signed by itself, with its key in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {path} -out {path}.crt".split(),
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@LOOPS
def test_rtmps_verifies_the_name_and_ends_in_order(run: Callable[[Any], None], certificate: Path) -> None:
    async def test() -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate)
        trusting = ssl.create_default_context(cafile=f"{certificate}.crt")
        async with FakeCdn(tls=server) as cdn:
            by_address, by_name = PushUrl(cdn.url("key")), PushUrl(cdn.url("key").replace("127.0.0.1", "localhost"))
            with pytest.raises(DestinationUnreachable, match="cannot be reached"):
                await RtmpPublisher.dial(by_name, guard=GUARD)
            with pytest.raises(DestinationUnreachable, match="cannot be reached"):
                await RtmpPublisher.dial(by_address, guard=GUARD, tls=trusting)
            publisher = await RtmpPublisher.dial(by_name, guard=GUARD, tls=trusting)
            publisher.send_video(0, bytes(500_000))
            await publisher.close()
            await cdn.wait_for(lambda: cdn.connections[-1].gone.is_set())

            assert cdn.streams[-1].events[:7] == [*ORDER, "FCUnpublish", "deleteStream"]
            assert len(cdn.streams[-1].video) == 1

    run(test())
