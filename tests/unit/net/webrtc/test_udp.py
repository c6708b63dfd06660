"""The one UDP port: what is nobody's, floods, limits, and who gets what."""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import tracemalloc

import pytest

from tailrace.config import Listen, WebRtc
from tailrace.errors import ConfigError, SessionsFull, UserSessionsFull
from tailrace.ids import SdkAppId, UserId
from tailrace.net.webrtc import udp
from tailrace.net.webrtc.peer import How
from tests.fakes.browser import Browser, rtp
from tests.unit.net.webrtc.session import ANNA, connected, join, serving

FLOOD = 2000


def test_sessions_on_one_port_are_told_apart() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser() as one, Browser() as two:
                first, second = await join(endpoint, one), await join(endpoint, two)
                await one.connect()
                await two.connect()
                one.send_rtp(rtp(1))
                two.send_rtp(rtp(2))
                second.peer.send_rtp(rtp(3))
                await two.until(lambda: two.received)
                await first.settle()

                assert one.address == two.address
                assert (first.rtp, second.rtp) == ([rtp(1)], [rtp(2)])
                assert (one.received, two.received) == ([], [rtp(3)])

    asyncio.run(scene())


def test_an_address_belongs_to_the_session_that_checked_it_last() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser() as one, Browser() as two:
                first, second = await join(endpoint, one), await join(endpoint, two)
                await one.connect()
                two.socket.close()
                two.socket = one.socket
                await two.connect()
                first.peer.close()
                two.send_rtp(rtp(1))
                await second.settle()

                assert second.rtp == [rtp(1)]

    asyncio.run(scene())


def test_nobody_takes_the_address_of_a_session_whose_media_comes_from_there() -> None:
    # A check with a false source address is authentic, for the session of the one who sends it.
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser() as victim, Browser() as liar:
                first, second = await join(endpoint, victim), await join(endpoint, liar)
                await victim.connect()
                victim.send_rtp(rtp(1))
                await first.settle()
                victim.send(liar.request())
                victim.send_rtp(rtp(2))
                await first.settle()
                assert first.rtp == [rtp(1), rtp(2)]

                # What has ended holds nothing: a browser that was loaded anew may have the same port.
                first.peer.close()
                liar.socket.close()
                liar.socket = victim.socket
                await liar.connect()
                liar.send_rtp(rtp(3))
                await second.settle()
                assert second.rtp == [rtp(3)]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["forged checks", "unknown sessions", "garbage", "huge", "replays", "nobody's media"])
def test_a_flood_costs_no_memory_and_harms_no_session(kind: str) -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            await flooded(stranger)

    async def flooded(stranger: socket.socket) -> None:
        async with connected() as both:
            browser = both.browser
            forged, valid = browser.request(password="forged"), browser.request()
            replay = browser.send_rtp(rtp(1))
            ours = both.peer.local.ufrag.encode()

            def flood(number: int) -> None:
                match kind:
                    case "forged checks":
                        stranger.sendto(forged, browser.address)
                    case "unknown sessions":
                        name = number.to_bytes(8, "big").hex().encode()
                        stranger.sendto(valid.replace(ours, name), browser.address)
                    case "garbage":
                        browser.send(bytes([number % 256]) + os.urandom(100))
                    case "huge":
                        browser.send(bytes([number % 256]) + bytes(60000))
                    case "replays":
                        browser.send(replay)
                    case _:
                        stranger.sendto(replay, browser.address)

            async def round_of(numbers: range) -> None:
                for number in numbers:
                    flood(number)
                    if number % 20 == 0:
                        await asyncio.sleep(0)
                await both.settle()
                browser.replies.clear()

            await round_of(range(500))
            gc.collect()
            tracemalloc.start()
            await round_of(range(500, 1000))
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            await round_of(range(1000, 1000 + FLOOD))
            gc.collect()
            after = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            browser.send_rtp(rtp(2))
            await both.settle()

            assert after - before < 64 * 1024
            assert both.rtp == [rtp(1), rtp(2)]
            assert len(both.endpoint._by_ufrag) == len(both.endpoint._by_address) == 1

    asyncio.run(scene())


def test_sessions_are_bounded_and_one_that_ends_makes_room() -> None:
    async def scene() -> None:
        async with serving(WebRtc(max_sessions=2)) as endpoint:
            first, _ = [await endpoint.peer(ANNA) for _ in range(2)]
            with pytest.raises(SessionsFull, match=r"webrtc\.max_sessions"):
                await endpoint.peer(ANNA)
            first.close()

            await endpoint.peer(ANNA)

    asyncio.run(scene())


def test_one_user_cannot_take_all_sessions() -> None:
    async def scene() -> None:
        ben, elsewhere = (ANNA[0], UserId("ben")), (SdkAppId(1400000002), ANNA[1])
        async with serving(WebRtc(max_sessions=4, max_sessions_per_user=2)) as endpoint:
            first, _ = [await endpoint.peer(ANNA) for _ in range(2)]
            with pytest.raises(UserSessionsFull, match=r"webrtc\.max_sessions_per_user"):
                await endpoint.peer(ANNA)
            await endpoint.peer(ben)
            await endpoint.peer(elsewhere)
            first.close()

            await endpoint.peer(ANNA)

    asyncio.run(scene())


def test_an_audience_may_share_one_user() -> None:
    async def scene() -> None:
        async with serving(WebRtc(max_sessions_per_user=0)) as endpoint:
            for _ in range(60):
                await endpoint.peer(ANNA)
            assert len(endpoint.sessions) == 60

    asyncio.run(scene())


def test_nothing_is_kept_of_sessions_that_are_over() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.peer.restart()
            both.peer.close()

            assert both.endpoint._by_ufrag == {}
            assert both.endpoint._by_address == {}
            assert both.endpoint.sessions == {}

    asyncio.run(scene())


def test_when_the_port_is_closed_all_sessions_end_in_order() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.endpoint.close()
            await both.browser.until(lambda: both.browser.ended)

            assert both.peer.closed.result().how is How.ORDERLY

    asyncio.run(scene())


def test_a_port_that_is_taken_is_an_error_that_names_the_key() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            listen = Listen(webrtc=endpoint.port)
            with pytest.raises(
                ConfigError, match=rf"127.0.0.1 UDP port {endpoint.port} \(listen.webrtc\): Address alr"
            ):
                async with udp.serving(listen, WebRtc(), 10):
                    pass

    asyncio.run(scene())


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_it_serves_both_protocols_when_it_listens_everywhere() -> None:
    async def scene() -> None:
        async with udp.serving(Listen(host="::", webrtc=0), WebRtc(announce=("127.0.0.1",)), 10) as endpoint:
            with Browser() as browser:
                both = await join(endpoint, browser)
                await browser.connect()
                browser.send_rtp(rtp(1))
                reply = await browser.check()
                await both.settle()

                assert reply.attributes["XOR-MAPPED-ADDRESS"] == browser.socket.getsockname()
                assert both.rtp == [rtp(1)]

    asyncio.run(scene())


def test_listening_loads_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys, tailrace.net.webrtc.udp; print([m for m in sys.modules if m.startswith(('OpenSSL', 'aioice'))])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said == "[]\n"
