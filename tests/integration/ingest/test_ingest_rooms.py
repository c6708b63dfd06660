"""Publishers in rooms: presence, starts, replaced sessions, clocks, and what a stranger on the port can do."""

import asyncio
import socket
import time
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from tailrace.bus.starts import request_start
from tailrace.errors import DestinationRefused
from tailrace.ids import UserId
from tailrace.secret import Secret
from tailrace.unit import Codec
from tailrace.wire import usersig
from tests.fakes.publisher import scripted
from tests.harness.ingest import APP, KEY, LOST_AFTER, IngestProcess, stream_of
from tests.harness.subscriber import subscribed

FRAME_MS = 40


def test_presence_begins_with_media_and_ends_with_an_orderly_end(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("orderly", "anna")) as seen:
            async with scripted(ingest.push("orderly", "anna")) as script:
                script.set_up()
                await asyncio.to_thread(ingest.streams)  # a round trip, in which set-up data alone announces nothing
                assert await seen.presence() is None
                script.picture(0, key=True)
                presence = await seen.until_present()
                assert (presence.width, presence.height) == (640, 360)
                assert presence.audio
                assert abs(presence.since - time.time()) < 10
            assert await seen.until_absent() < LOST_AFTER / 2

    asyncio.run(run())


def test_a_subscriber_gets_both_tracks_from_the_last_key_frame_on(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("start", "anna")) as seen,
            scripted(ingest.push("start", "anna")) as script,
        ):
            script.set_up()
            for number in range(10):
                script.picture(number * FRAME_MS, key=number in (0, 6))
                script.sound(number * FRAME_MS)
            await seen.until(lambda: len(seen.units) == 20)

            start = await request_start(seen.bus, seen.stream, timeout=2)

            assert start == seen.units[12:]
            assert start[0].key
            assert start[0].config

    asyncio.run(run())


def test_nobody_serves_starts_after_the_end(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("over", "anna")) as seen:
            async with scripted(ingest.push("over", "anna")) as script:
                script.set_up()
                script.picture(0, key=True)
                await seen.until_present()
            await seen.until_absent()
            assert await request_start(seen.bus, seen.stream, timeout=2) == []

    asyncio.run(run())


def test_the_same_user_again_replaces_the_earlier_session(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("twice", "anna")) as seen,
            scripted(ingest.push("twice", "anna")) as first,
        ):
            first.set_up()
            first.picture(0, key=True)
            earlier = await seen.until_present()
            async with scripted(ingest.push("twice", "anna")) as second:
                second.set_up()
                second.picture(0, key=True)
                assert "later session" in await first.lost()
                later = await seen.until_present()
                assert later.session > earlier.session
                second.picture(FRAME_MS)
                await seen.until(lambda: seen.units[-1].session == later.session and seen.units[-1].sequence == 1)
                assert await seen.presence() == later

    asyncio.run(run())


def test_a_session_on_another_ingest_process_replaces_the_earlier_one_too(
    ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run(other: IngestProcess) -> None:
        async with (
            subscribed(nats_url, stream_of("moved", "anna")) as seen,
            scripted(ingest.push("moved", "anna")) as first,
        ):
            first.set_up()
            first.picture(0, key=True)
            await seen.until_present()
            async with scripted(other.push("moved", "anna")) as second:
                second.set_up()
                second.picture(0, key=True)
                assert "later session" in await first.lost()
                assert await seen.presence() is not None

    with IngestProcess(nats_url) as other:
        asyncio.run(run(other))


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


@pytest.mark.parametrize(
    "sig",
    [
        usersig.make(APP, Secret("not the key"), UserId("anna"), int(time.time()), 3600),
        usersig.make(APP, KEY, UserId("anna"), int(time.time()) - 7200, 3600),
        usersig.make(APP, KEY, UserId("bert"), int(time.time()), 3600),
    ],
    ids=["forged", "expired", "another user's"],
)
def test_a_usersig_that_does_not_hold_is_refused_with_bad_name(ingest: IngestProcess, sig: Secret) -> None:
    async def run() -> None:
        async with scripted(ingest.push("stage", "anna", sig=sig.reveal())):
            pass

    with pytest.raises(DestinationRefused, match="`usersig`") as caught:
        asyncio.run(run())

    assert caught.value.code == "NetStream.Publish.BadName"
    assert sig.reveal() not in str(caught.value)


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
