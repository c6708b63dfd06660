"""What strangers can do with WHIP: nothing that costs memory, or that those who publish would notice."""

import asyncio
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tailrace.config import WebRtc
from tailrace.secret import Secret
from tests.fakes.web_publisher import web_scripted
from tests.harness.ingest import IngestProcess, make_config, stream_of
from tests.harness.subscriber import subscribed
from tests.unit.wire.test_publishing import AUDIO, VIDEO, offer

MIB = 1024 * 1024
# What Python and the allocator may do meanwhile.
FLAT = 3 * MIB
BAD: list[tuple[str, str | bytes]] = [
    ("an m-line too many", offer(AUDIO) + "m=audio 9 UDP/TLS/RTP/SAVPF 0\n" * 20),
    ("a line without end", offer(AUDIO) + "a=" + "x" * 60_000),
    ("many candidates", offer(AUDIO) + "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n" * 900 + "nonsense"),
    ("many SSRCs", offer(AUDIO, VIDEO) + "".join(f"a=ssrc:{number} cname:x\n" for number in range(2500))),
    ("nul bytes", "v=0\n" + "\0" * 30_000),
    ("not UTF-8", b"v=0\n\xff\xfe"),
    ("too large", "v=0\n" + "a=x\n" * 20_000),
]


@pytest.fixture(scope="module")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    """One whose memory is looked at, where sessions that come to nothing are given up soon."""
    config = make_config().model_copy(update={"webrtc": WebRtc(handshake_timeout=0.5)})
    with IngestProcess(nats_url, config) as process:
        yield process


async def post(http: httpx.AsyncClient, ingest: IngestProcess, body: str | bytes, user: str = "mallory") -> int:
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {ingest.token(user)}"}
    return (await http.post(ingest.whip("hostile", user), content=body, headers=headers)).status_code


def test_offers_that_are_none_are_refused_and_keep_no_memory(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            # The first ones load libraries, and fill caches.
            for _, body in BAD:
                assert await post(http, ingest, body) in (400, 413, 422)
            before = ingest.resident_bytes()
            for number in range(len(BAD) * 7):
                assert await post(http, ingest, BAD[number % len(BAD)][1]) in (400, 413, 422)
            assert ingest.resident_bytes() - before < FLAT

    asyncio.run(run())


def test_too_many_offers_are_told_to_come_back_later(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> list[int]:
        headers = {"Content-Type": "application/sdp"}
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            url = ingest.whip("hostile", "mallory")
            answers = [await http.post(url, content="v=0", headers=headers) for _ in range(150)]
            return [answer.status_code for answer in answers]

    with IngestProcess(nats_url) as ingest:
        statuses = asyncio.run(run(ingest))
    assert set(statuses) == {401, 429}
    assert statuses[:50] == [401] * 50


def test_sessions_that_nobody_comes_to_are_given_up_and_forgotten(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {ingest.token('nobody')}"}
            answer = await http.post(ingest.whip("hostile", "nobody"), content=offer(AUDIO, VIDEO), headers=headers)
            location = ingest.http + answer.headers["location"]
            assert (await http.get(location)).status_code == 204
            async with asyncio.timeout(10):
                while (await http.get(location)).status_code != 404:
                    pass
        async with subscribed(nats_url, stream_of("hostile", "nobody")) as seen:
            assert await seen.presence() is None

    asyncio.run(run())


def test_a_flood_on_the_port_of_media_is_not_noticed_by_who_publishes(ingest: IngestProcess, nats_url: Secret) -> None:
    address = urlsplit(ingest.webrtc)
    garbage = [b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(20), b"\x16\xfe\xfd" + bytes(60), b"\x80\x60" + bytes(100)]

    def flood() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for number in range(5000):
                stranger.sendto(garbage[number % len(garbage)], (address.hostname or "", address.port or 0))

    async def run() -> None:
        async with (
            subscribed(nats_url, stream_of("calm", "anna")) as seen,
            web_scripted(ingest.whip("calm", "anna"), ingest.token("anna")) as script,
        ):
            script.picture(0, key=True)
            await seen.until(lambda: len(seen.units) == 1)
            before = ingest.resident_bytes()
            await asyncio.to_thread(flood)
            for number in range(1, 10):
                script.picture(number * 40)
            await seen.until(lambda: len(seen.units) == 10)
            assert ingest.resident_bytes() - before < FLAT

    asyncio.run(run())
