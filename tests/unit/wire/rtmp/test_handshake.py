"""The handshake, both sides."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtmp.handshake import PACKET_SIZE, RANDOM_SIZE, Handshake, Phase
from tests.unit.wire.rtmp.cuts import cut

OURS = bytes(range(256)) * 6
THEIRS = bytes(reversed(range(256))) * 6


def server() -> Handshake:
    return Handshake(OURS[:RANDOM_SIZE], client=False)


@pytest.mark.parametrize("size", [1, 2, 1535, 1536, 1537, 3073, 9000])
def test_a_server_answers_the_same_however_tcp_cuts_it(size: int) -> None:
    handshake = server()

    reply = b"".join(handshake.receive(piece) for piece in cut(b"\x03" + THEIRS + OURS + b"connect", size))

    assert reply == b"\x03" + bytes(8) + OURS[:RANDOM_SIZE] + THEIRS
    assert handshake.phase is Phase.DONE
    assert handshake.rest == b"connect"


@pytest.mark.parametrize("size", [1, 1536, 9000])
def test_a_client_begins_and_echoes(size: int) -> None:
    handshake = Handshake(OURS[:RANDOM_SIZE], client=True)

    reply = b"".join(handshake.receive(piece) for piece in cut(b"\x03" + THEIRS + OURS + b"rest", size))

    assert handshake.opening == b"\x03" + bytes(8) + OURS[:RANDOM_SIZE]
    assert reply == THEIRS
    assert handshake.rest == b"rest"


def test_half_a_handshake_is_not_done() -> None:
    handshake = server()

    handshake.receive(b"\x03" + THEIRS + OURS[:-1])

    assert handshake.phase is Phase.WANT_SECOND


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\x06", b"\x16\x03\x01"])
def test_another_protocol_is_refused_with_its_first_byte(data: bytes) -> None:
    with pytest.raises(PeerError, match="version"):
        server().receive(data)


def test_the_random_part_has_one_size() -> None:
    with pytest.raises(ValueError, match=str(RANDOM_SIZE)):
        Handshake(bytes(PACKET_SIZE), client=True)
