"""RTP datagrams: what is written is read, and every cut of it is a packet or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.rtp.packet import Packet, parse

PACKETS = st.builds(
    Packet,
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=64),
    extensions=st.one_of(
        st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=6),
        st.dictionaries(st.integers(1, 255), st.binary(max_size=40), max_size=4),
    ),
)


@given(PACKETS)
def test_what_is_written_is_read(packet: Packet) -> None:
    assert parse(packet.encode()) == packet


@given(PACKETS, st.data())
def test_every_cut_is_a_packet_or_refused(packet: Packet, data: st.DataObject) -> None:
    encoded = packet.encode()
    size = data.draw(st.integers(0, len(encoded)))
    try:
        cut = parse(encoded[:size])
    except PeerError:
        assert size < len(encoded)
    else:
        assert packet.payload.startswith(cut.payload)


@given(st.binary(max_size=80))
def test_noise_is_a_packet_or_refused(noise: bytes) -> None:
    try:
        packet = parse(b"\x90" + noise)
    except PeerError:
        return
    assert len(packet.payload) <= len(noise)


def test_csrcs_and_padding_are_no_payload() -> None:
    head = bytes((0x80 | 0x20 | 2, 96)) + bytes(10)

    assert parse(head + bytes(8) + b"media" + b"\x00\x00\x03").payload == b"media"


def test_a_packet_of_padding_alone_has_an_empty_payload() -> None:
    assert parse(bytes((0xA0, 96)) + bytes(10) + bytes(254) + b"\xff").payload == b""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(12), "version 0"),
        (b"\x80" * 11, "shorter"),
        (b"\xa0" + bytes(11) + b"\x00", "padding of 0"),
        (b"\xa0" + bytes(11) + b"\x02", "before its payload"),
        (b"\x8f" + bytes(20), "before its payload"),
        (b"\x90" + bytes(11) + b"\xbe\xde", "before its header extension"),
        (b"\x90" + bytes(11) + b"\xbe\xde\x00\x02" + bytes(4), "longer than its packet"),
    ],
)
def test_a_broken_packet_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        parse(data)


def test_padding_between_extensions_and_the_end_mark_are_understood() -> None:
    body = b"\x00\x10\xaa\x00" + b"\xf0\xbb\x20\xcc"  # an element of id 15 ends the extensions
    packet = parse(b"\x90" + bytes(11) + b"\xbe\xde\x00\x02" + body + b"rest")

    assert packet.extensions == {1: b"\xaa"}
    assert packet.payload == b"rest"
