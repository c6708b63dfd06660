"""RTMP publishers in rooms: clocks, refusals in RTMP's words, and what a stranger on the port can do."""

import asyncio
import socket
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from tailrace.errors import DestinationRefused
from tailrace.secret import Secret
from tailrace.unit import Codec
from tests.fakes.publisher import scripted
from tests.harness.ingest import IngestProcess, stream_of
from tests.harness.subscriber import subscribed

FRAME_MS = 40


def test_a_clock_that_wraps_goes_on(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        begin = 2**32 - 5 * FRAME_MS
        async with (
            subscribed(nats_url, stream_of("wrap", "anna")) as seen,
            scripted(ingest.push("wrap", "anna")) as script,
        ):
            script.set_up()
            for number in range(10):
                script.picture((begin + number * FRAME_MS) % 2**32, key=number == 0)
                script.sound((begin + number * FRAME_MS) % 2**32)
            await seen.until(lambda: len(seen.units) == 20)
            for track in (seen.video, seen.audio):
                steps = {(b.dts_us - a.dts_us) // 1000 for a, b in pairwise(track)}
                assert steps == {FRAME_MS}

    asyncio.run(run())


def test_a_clock_that_jumps_is_passed_on_and_the_publisher_stays(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("jump", "anna")) as seen,
            scripted(ingest.push("jump", "anna")) as script,
        ):
            script.set_up()
            times = [0, 40, 3_600_000, 3_600_040, 10, 50]
            for number, time_ms in enumerate(times):
                script.picture(time_ms, key=number == 0)
            await seen.until(lambda: len(seen.units) == len(times))
            assert [unit.dts_us // 1000 for unit in seen.units] == times

    asyncio.run(run())


def test_a_usersig_that_does_not_hold_is_refused_with_bad_name(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(ingest.push("stage", "anna", sig=ingest.token("bert"))):
            pass

    with pytest.raises(DestinationRefused, match="`usersig`") as caught:
        asyncio.run(run())

    assert caught.value.code == "NetStream.Publish.BadName"


def test_an_unknown_application_is_refused(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(f"{ingest.rtmp}/elsewhere/stage"):
            pass

    with pytest.raises(DestinationRefused, match="push/<room> or live/<name>"):
        asyncio.run(run())


def test_broken_media_ends_its_own_connection_and_no_other(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("calm", "anna")) as seen,
            scripted(ingest.push("calm", "anna")) as calm,
        ):
            calm.set_up()
            calm.picture(0, key=True)
            for number, (video, body) in enumerate(
                [
                    (True, b"\x17\x00\x00\x00\x00\x01\x42"),
                    (True, b"\x17\x01\x00\x00\x00\x7f\xff\xff\xff\x65"),
                    (True, b"\x90hvc1"),
                    (True, b"\x17"),
                    (False, b"\x2f\xff\xfb"),
                    (False, b"\xaf\x00\xff\xff"),
                ]
            ):
                async with scripted(ingest.push("calm", f"bad{number}")) as bad:
                    bad.set_up()
                    (bad.rtmp.send_video if video else bad.rtmp.send_audio)(0, body)
                    assert "NetStream." in await bad.lost()
            calm.picture(FRAME_MS)
            await seen.until(lambda: len(seen.units) == 2)

    asyncio.run(run())


def test_garbage_on_the_port_does_not_disturb_a_publisher(ingest: IngestProcess, nats_url: Secret) -> None:
    address = urlsplit(ingest.rtmp)

    def disturb(data: bytes) -> None:
        with socket.create_connection((address.hostname, address.port), timeout=5) as stranger:
            stranger.sendall(data)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(4096):
                pass

    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("undisturbed", "anna")) as seen,
            scripted(ingest.push("undisturbed", "anna")) as script,
        ):
            script.set_up()
            for number, garbage in enumerate(
                (b"GET / HTTP/1.1\r\n\r\n", b"\x03" + bytes(1536) + b"\xff" * 5000, b"\x16\x03")
            ):
                script.picture(number * FRAME_MS, key=number == 0)
                await asyncio.to_thread(disturb, garbage)
            await seen.until(lambda: len(seen.units) == 3)
            assert [unit.codec for unit in seen.units] == [Codec.H264] * 3

    asyncio.run(run())
