"""One session's transport, against a browser on a real socket."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from tailrace.config import WebRtc
from tailrace.errors import PeerError, SessionUnknown, StateError
from tailrace.net.webrtc.peer import How
from tailrace.wire.sdp import Fingerprint, Setup
from tests.fakes.browser import DEADLINE, Browser, rtcp, rtp
from tests.unit.net.webrtc.session import ANNA, connected, join, serving, session

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
Run = Callable[[Coroutine[Any, Any, None]], None]


@LOOPS
@pytest.mark.parametrize("setup", list(Setup))
def test_media_flows_both_ways_whoever_begins_dtls(run: Run, setup: Setup) -> None:
    async def scene() -> None:
        async with connected(setup=setup) as both:
            both.browser.send_rtp(rtp(1))
            both.browser.send_rtcp(rtcp())
            both.peer.send_rtp(rtp(2))
            both.peer.send_rtcp(rtcp())
            await both.browser.until(lambda: len(both.browser.received) == 2)
            await both.settle()

            assert both.rtp == [rtp(1)]
            assert both.rtcp == [rtcp()]
            assert both.browser.received == [rtp(2), rtcp()]

    run(scene())


def test_a_packet_has_the_time_at_which_it_came() -> None:
    async def scene() -> None:
        async with connected() as both:
            times: list[float] = []
            both.peer.on_rtp = lambda _, now: times.append(now)
            before = time.monotonic()
            both.browser.send_rtp(rtp(1))
            await both.settle()

            assert before <= times[0] <= time.monotonic()

    asyncio.run(scene())


def test_nothing_is_sent_before_it_is_connected_and_nothing_after_the_end() -> None:
    async def scene() -> None:
        async with session() as both:
            both.peer.send_rtp(rtp(1))
            both.peer.send_rtcp(rtcp())
            await both.browser.check()
            both.peer.send_rtp(rtp(1))
            await both.browser.handshake()
            await both.peer.connected
            both.peer.close()
            both.peer.send_rtp(rtp(1))
            await both.browser.until(lambda: both.browser.ended)

            assert both.browser.received == []

    asyncio.run(scene())


def test_what_is_too_long_to_send_is_not_sent_and_harms_nobody() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.peer.send_rtp(rtp(1, bytes(1500)))
            both.peer.send_rtcp(rtcp() + bytes(1600))
            both.peer.send_rtp(b"")
            both.peer.send_rtp(rtp(2))
            await both.browser.until(lambda: both.browser.received)

            assert both.browser.received == [rtp(2)]

    asyncio.run(scene())


def test_close_notify_ends_a_session_in_order() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.browser.say_goodbye()
            closed = await asyncio.wait_for(both.peer.closed, DEADLINE)

            assert closed.how is How.ORDERLY
            assert both.endpoint.sessions == {}

    asyncio.run(scene())


def test_closing_tells_the_peer_and_closing_twice_is_harmless() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.peer.close()
            both.peer.close()
            await both.browser.until(lambda: both.browser.ended)

            assert both.peer.closed.result().how is How.ORDERLY

    asyncio.run(scene())


def test_a_peer_that_falls_silent_is_lost() -> None:
    async def scene() -> None:
        async with connected(lost_after=0.2) as both:
            closed = await asyncio.wait_for(both.peer.closed, DEADLINE)

            assert closed.how is How.LOST
            assert closed.reason == "nothing was heard for 0.2 s"

    asyncio.run(scene())


def test_only_what_is_authentic_is_a_sign_of_life() -> None:
    async def scene() -> None:
        async with connected(lost_after=0.4) as both:
            datagram = both.browser.send_rtp(rtp(1))
            began = time.monotonic()
            while not both.peer.closed.done():
                both.browser.send(datagram)  # a replay
                both.browser.send(b"\x80\x60" + bytes(60))
                both.browser.send(both.browser.request(password="forged"))
                both.browser.send(b"\x16\xfe\xfd" + bytes(60))
                await asyncio.sleep(0.02)
            assert both.peer.closed.result().how is How.LOST
            assert time.monotonic() - began < DEADLINE

    asyncio.run(scene())


@pytest.mark.parametrize("sign", ["check", "rtp", "rtcp"])
def test_checks_and_media_are_signs_of_life(sign: str) -> None:
    async def scene() -> None:
        async with connected(lost_after=2) as both:
            for number in range(1, 6):
                await asyncio.sleep(0.5)
                match sign:
                    case "check":
                        await both.browser.check(nominate=False)
                    case "rtp":
                        both.browser.send_rtp(rtp(number))
                    case _:
                        both.browser.send_rtcp(rtcp())

            assert not both.peer.closed.done()

    asyncio.run(scene())


def test_who_never_comes_has_failed_and_both_who_wait_are_told() -> None:
    async def scene() -> None:
        async with session(WebRtc(handshake_timeout=0.1)) as both:
            closed = await asyncio.wait_for(both.peer.closed, DEADLINE)

            assert (closed.how, closed.reason) == (How.FAILED, "no STUN check came within 0.1 s")
            with pytest.raises(PeerError, match="no STUN check"):
                await both.peer.connected

    asyncio.run(scene())


def test_a_handshake_that_never_ends_has_failed() -> None:
    async def scene() -> None:
        async with session(WebRtc(handshake_timeout=0.3)) as both:
            await both.browser.check()
            both.browser.send(both.browser.hello())
            closed = await asyncio.wait_for(both.peer.closed, DEADLINE)

            assert (closed.how, closed.reason) == (How.FAILED, "the DTLS handshake did not end within 0.3 s")

    asyncio.run(scene())


def test_what_the_handshake_lost_is_sent_again() -> None:
    async def scene() -> None:
        async with session() as both:
            await both.browser.check()
            both.browser.send(both.browser.hello())
            # The server's flight is lost; after a second it comes again.
            loop = asyncio.get_running_loop()
            await loop.sock_recv(both.browser.socket, 65536)
            await both.browser.handshake()

            await asyncio.wait_for(both.peer.connected, DEADLINE)

    asyncio.run(scene())


def test_another_certificate_than_the_offer_says_is_refused() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser() as browser, Browser() as other:
                browser.offer = other.offer
                both = await join(endpoint, browser)
                await browser.check()
                browser.send(browser.hello())
                await browser.until(lambda: browser.ended)

                assert both.peer.closed.result().how is How.FAILED
                with pytest.raises(PeerError, match="fingerprint"):
                    await both.peer.connected

    asyncio.run(scene())


def test_a_peer_without_a_profile_of_ours_is_refused() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser(profiles=b"SRTP_AES128_CM_SHA1_32") as browser:
                both = await join(endpoint, browser)
                await browser.check()
                browser.send(browser.hello())
                await browser.until(lambda: browser.ended)

                with pytest.raises(PeerError, match="no SRTP profile"):
                    await both.peer.connected

    asyncio.run(scene())


def test_the_older_srtp_profile_is_taken_where_there_is_no_other() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            with Browser(profiles=b"SRTP_AES128_CM_SHA1_80") as browser:
                both = await join(endpoint, browser)
                await browser.connect()
                await both.peer.connected
                browser.send_rtp(rtp(1))
                both.peer.send_rtp(rtp(1))
                await browser.until(lambda: browser.received)
                await both.settle()

                assert both.rtp == browser.received == [rtp(1)]

    asyncio.run(scene())


def test_repeated_forged_and_old_packets_are_refused_and_counted() -> None:
    async def scene() -> None:
        async with connected() as both:
            first = both.browser.send_rtp(rtp(1))
            for number in range(2000, 2003):
                both.browser.send_rtp(rtp(number))
            both.browser.send(first)  # long ago
            both.browser.send(both.browser.send_rtp(rtp(2003)))  # twice
            both.browser.send(b"\x80\x60" + bytes(100))
            both.browser.send(b"\x80\xc9" + bytes(100))
            await both.settle()

            assert both.rtp == [rtp(1), *(rtp(number) for number in range(2000, 2004))]
            assert both.rtcp == []
            assert both.peer.refused == 4

    asyncio.run(scene())


def test_sources_of_one_session_are_bounded() -> None:
    async def scene() -> None:
        async with connected() as both:
            for ssrc in range(1, 101):
                both.browser.send_rtp(rtp(1, ssrc=ssrc))
            await both.settle()

            assert both.rtp == [rtp(1, ssrc=ssrc) for ssrc in range(1, 65)]

    asyncio.run(scene())


def test_who_moves_to_another_address_is_followed() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.browser.move()
            both.browser.send_rtp(rtp(1))  # nobody's: the address has not been checked
            await both.browser.check()
            both.peer.send_rtp(rtp(2))
            both.browser.send_rtp(rtp(3))
            await both.browser.until(lambda: both.browser.received)
            await both.settle()

            assert both.rtp == [rtp(3)]
            assert both.browser.received == [rtp(2)]

    asyncio.run(scene())


def test_who_moves_without_nominating_again_is_followed_by_the_media() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.browser.move()
            await both.browser.check(nominate=False)
            both.browser.send_rtp(rtp(1))
            await both.settle()
            both.peer.send_rtp(rtp(2))
            await both.browser.until(lambda: both.browser.received)

            assert both.browser.received == [rtp(2)]

    asyncio.run(scene())


def test_addresses_of_one_session_are_bounded() -> None:
    async def scene() -> None:
        async with connected() as both:
            first = both.browser.socket
            for _ in range(40):
                both.browser.socket = Browser._opened()
                await both.browser.check(nominate=False)
                both.browser.socket.close()
            both.browser.socket = first
            both.browser.send_rtp(rtp(1))
            await both.settle()

            assert both.rtp == [rtp(1)]  # the path in use is kept
            assert len(both.endpoint._by_address) <= 16

    asyncio.run(scene())


def test_a_restart_goes_over_to_new_credentials_and_keeps_the_media() -> None:
    async def scene() -> None:
        async with connected() as both:
            before = both.peer.local
            after = both.peer.restart()
            assert (after.ufrag, after.password) != (before.ufrag, before.password)
            assert both.peer.local == after
            await both.browser.check(nominate=False)  # the old ones are good meanwhile
            both.browser.server = after
            both.browser.move()
            await both.browser.check()
            both.browser.send_rtp(rtp(1))
            await both.settle()
            assert both.rtp == [rtp(1)]

            both.browser.server = before
            both.browser.send(both.browser.request())
            both.browser.server = after
            replies = len(both.browser.replies)
            await both.settle()
            assert len(both.browser.replies) == replies + 1  # nobody answers to the old ones now

    asyncio.run(scene())


def test_a_restart_that_comes_to_nothing_leaves_the_session_as_it_is() -> None:
    async def scene() -> None:
        async with connected() as both:
            first = both.peer.restart()
            second = both.peer.restart()
            assert first.ufrag != second.ufrag
            both.browser.send_rtp(rtp(1))
            await both.settle()

            assert both.rtp == [rtp(1)]
            assert len(both.endpoint._by_ufrag) == 2

    asyncio.run(scene())


def test_what_has_ended_is_not_restarted_and_leaves_no_ufrag_behind() -> None:
    async def scene() -> None:
        async with connected() as both:
            both.peer.close()
            with pytest.raises(SessionUnknown, match="has ended"):
                both.peer.restart()

            assert both.endpoint._by_ufrag == {}
            assert both.endpoint._by_address == {}

    asyncio.run(scene())


def test_garbage_in_the_place_of_dtls_and_stun_harms_neither_handshake_nor_media() -> None:
    async def scene() -> None:
        async with session() as both:
            await both.browser.check()
            for first in range(256):
                for size in (1, 12, 13, 60, 1400, 1501, 9000, 60000):
                    both.browser.send((bytes([first]) + bytes(range(256)) * 240)[:size])
                await asyncio.sleep(0)
            await both.settle()
            await both.browser.handshake()
            await both.peer.connected
            for first in range(256):
                both.browser.send(bytes([first]) + bytes(range(200)))
            both.browser.send_rtp(rtp(1))
            await both.settle()

            assert both.rtp == [rtp(1)]

    asyncio.run(scene())


def test_a_peer_is_started_once() -> None:
    async def scene() -> None:
        async with session() as both:
            with pytest.raises(StateError):
                both.peer.start(both.browser.offer)

    asyncio.run(scene())


def test_the_fingerprint_of_the_answer_is_one_for_the_whole_process() -> None:
    async def scene() -> None:
        async with serving() as endpoint:
            prints: list[Fingerprint] = [(await endpoint.peer(ANNA)).local.fingerprint for _ in range(2)]

            assert prints[0] == prints[1]

    asyncio.run(scene())
