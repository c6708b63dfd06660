"""Those who mean harm: garbage, half requests, and senders without end are closed, and memory stays flat."""

import asyncio
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tailrace.secret import Secret
from tailrace.wire.rtmp.chunk import DEFAULT_CHUNK_SIZE, ChunkWriter, Message
from tailrace.wire.rtmp.handshake import PACKET_SIZE
from tailrace.wire.rtmp.link import MAX_MESSAGE_BEFORE
from tests.harness.ingest import IngestProcess, make_config

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory in use from /proc")

# How long the process under test lets a client dawdle; and the time in which it must have closed a whole crowd.
PATIENCE = 0.5
CLOSED_WITHIN = 20.0
CROWD = 100
ROUNDS = 3
# What a crowd may cost at its height: each of its clients a task, a transport, buffers and some unfinished bytes.
FLAT = 12_000_000
DRIP = 0.05

HANDSHAKE = b"\x03" + bytes(2 * PACKET_SIZE)
# As many messages as there are chunk streams, none of them complete: half a megabyte.
UNFINISHED = b"".join(
    ChunkWriter().write(number, Message(9, 1, 0, bytes(MAX_MESSAGE_BEFORE)))[: -1 - DEFAULT_CHUNK_SIZE]
    for number in range(3, 35)
)


@pytest.fixture(scope="module")
def impatient(nats_url: Secret) -> Iterator[IngestProcess]:
    """An ingest process that has met a crowd on each port, so that what the first one costs is not taken for a leak."""
    with IngestProcess(nats_url, make_config(handshake_timeout=PATIENCE)) as process:
        asyncio.run(crowd(process.rtmp, HANDSHAKE))
        asyncio.run(crowd(process.http, b"GET /live"))
        yield process


async def visit(url: str, opening: bytes, drip: bytes = b"") -> None:
    """Connect, send `opening`, then `drip` now and then, until the server has closed the connection."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(opening)
        while True:
            try:
                async with asyncio.timeout(DRIP if drip else None):
                    if not await reader.read(1 << 16):
                        break
            except TimeoutError:
                writer.write(drip)
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        writer.transport.abort()


async def crowd(url: str, opening: bytes, drip: bytes = b"") -> None:
    """Visit with many at the same time."""
    async with asyncio.timeout(CLOSED_WITHIN), asyncio.TaskGroup() as group:
        for number in range(CROWD):
            group.create_task(visit(url, opening, drip), name=f"visitor {number}")


async def pour(url: str, opening: bytes) -> None:
    """Send `opening`, then one letter again and again as fast as it is taken, until that is cut."""
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        async with asyncio.timeout(CLOSED_WITHIN):
            writer.write(opening)
            while True:
                writer.write(b"x" * 10_000)
                await writer.drain()
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("opening", "drip"),
    [
        (b"", b""),
        (b"\xff" * 10_000, b""),
        (b"\x03" + bytes(PACKET_SIZE // 2), b""),
        (b"\x03", b"\0"),
        (HANDSHAKE, b""),
        (HANDSHAKE + b"\xff" * 10_000, b""),
        (HANDSHAKE + b"\x03", b"\0"),
        (HANDSHAKE + UNFINISHED[:30_000], b""),
    ],
    ids=[
        "silence",
        "garbage",
        "half a handshake",
        "slow handshake",
        "nothing after the handshake",
        "garbage after the handshake",
        "slow chunk",
        "unfinished messages",
    ],
)
def test_rtmp_clients_that_never_ask_for_anything_are_closed_and_memory_stays_flat(
    impatient: IngestProcess, opening: bytes, drip: bytes
) -> None:
    before = impatient.peak_bytes()

    for _ in range(ROUNDS):
        asyncio.run(crowd(impatient.rtmp, opening, drip))

    assert impatient.peak_bytes() - before < FLAT


@pytest.mark.parametrize(
    ("opening", "drip"),
    [
        (b"", b""),
        (b"\xff" * 10_000, b""),
        (b"GET /live HTTP/1.1\r\nHost: h\r\n", b""),
        (b"GET /live HTTP/1.1\r\nHost: h\r\nX: ", b"x"),
        (b"POST /live HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["silence", "garbage", "half a request", "slow head", "slow body"],
)
def test_half_requests_over_http_are_closed_and_memory_stays_flat(
    impatient: IngestProcess, opening: bytes, drip: bytes
) -> None:
    before = impatient.peak_bytes()

    for _ in range(ROUNDS):
        asyncio.run(crowd(impatient.http, opening, drip))

    assert impatient.peak_bytes() - before < FLAT


@pytest.mark.parametrize(
    ("port", "opening"),
    [
        ("http", b"GET /live HTTP/1.1\r\nX: "),
        ("http", b"POST /live HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "),
        ("http", b"\xff"),
        ("rtmp", b"\xff"),
        ("rtmp", HANDSHAKE + b"\xff"),
        ("rtmp", HANDSHAKE + UNFINISHED),
    ],
    ids=["head", "trailer", "garbage", "RTMP garbage", "RTMP garbage after the handshake", "RTMP messages"],
)
def test_who_sends_without_end_is_cut_and_memory_stays_flat(
    impatient: IngestProcess, port: str, opening: bytes
) -> None:
    before = impatient.peak_bytes()

    asyncio.run(pour(getattr(impatient, port), opening))

    assert impatient.peak_bytes() - before < FLAT
