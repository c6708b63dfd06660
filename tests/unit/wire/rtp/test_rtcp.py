"""RTCP compounds: what is written is read, in order, and every cut is refused or read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp import (
    Bye,
    Fir,
    Nack,
    Pli,
    ReceiverReport,
    Remb,
    ReportBlock,
    Rtcp,
    Sdes,
    SenderReport,
    TransportFeedback,
    encode_compound,
    parse_compound,
)

U8, U16, U32, U64 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32, 64))
SSRCS = st.lists(U32, max_size=31).map(tuple)
BLOCKS = st.lists(
    st.builds(ReportBlock, U32, U8, st.integers(-(1 << 23), (1 << 23) - 1), U32, U32, U32, U32), max_size=4
)
NACKED = st.lists(st.integers(0, 60), min_size=1, unique=True).map(sorted)


def _wrapped(first: int, offsets: list[int]) -> tuple[int, ...]:
    return tuple((first + offset) & 0xFFFF for offset in offsets)


@st.composite
def transport_feedbacks(draw: st.DrawFn) -> TransportFeedback:
    at = draw(st.integers(0, (1 << 31)))
    arrivals: list[int | None] = [at]
    for step in draw(st.lists(st.one_of(st.none(), st.integers(-500, 30000)), max_size=60)):
        if step is not None:
            at = max(at + step, 0)
        arrivals.append(None if step is None else at)
    return TransportFeedback(draw(U32), draw(U32), draw(U8), draw(U16), tuple(arrivals))


PACKETS: st.SearchStrategy[Rtcp] = st.one_of(
    st.builds(SenderReport, U32, U64, U32, U32, U32, BLOCKS.map(tuple)),
    st.builds(ReceiverReport, U32, BLOCKS.map(tuple)),
    st.builds(Sdes, U32, st.text(max_size=60)),
    st.builds(Bye, SSRCS),
    st.builds(Nack, U32, U32, st.builds(_wrapped, U16, NACKED)),
    st.builds(Pli, U32, U32),
    st.builds(Fir, U32, st.lists(st.tuples(U32, U8), max_size=3).map(tuple)),
    st.builds(Remb, U32, st.integers(0, (1 << 18) - 1), st.lists(U32, max_size=9).map(tuple)),
    transport_feedbacks(),
)


@given(st.lists(PACKETS, max_size=6))
def test_what_is_written_is_read(packets: list[Rtcp]) -> None:
    assert parse_compound(encode_compound(packets)) == packets


@given(PACKETS, st.data())
def test_every_cut_is_refused_or_read(packet: Rtcp, data: st.DataObject) -> None:
    encoded = packet.encode()
    size = data.draw(st.integers(1, len(encoded) - 1))
    with pytest.raises(PeerError):
        parse_compound(encoded[:size])


@given(
    st.integers(0, 31),
    st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207]),
    st.binary(max_size=120),
    st.booleans(),
)
def test_noise_is_read_or_refused(count: int, kind: int, noise: bytes, padded: bool) -> None:
    body = noise + bytes(-len(noise) % 4)
    data = bytes((0x80 | (0x20 if padded else 0) | count, kind)) + (len(body) // 4).to_bytes(2, "big") + body
    try:
        packets = parse_compound(data)
    except PeerError:
        return
    assert all(isinstance(packet, Rtcp) for packet in packets)


def test_what_has_no_name_here_is_left_out() -> None:
    extended_report = b"\x80\xcf\x00\x01" + bytes(4)

    assert parse_compound(extended_report + Pli(1, 2).encode()) == [Pli(1, 2)]


def test_an_empty_datagram_says_nothing() -> None:
    assert parse_compound(b"") == []
