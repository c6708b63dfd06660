"""Packetizers: what they cut is what aiortc's depacketizers put together again."""

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit
from tailrace.wire import h264
from tailrace.wire.rtp.packetizer import MAX_PAYLOAD, payloads

SPS = bytes.fromhex("6742c01eda0280bfe5c05a808080a0")
PPS = bytes.fromhex("68ce3c80")
CONFIG = h264.AvcConfig(0x42, 0xC0, 0x1E, 4, (SPS,), (PPS,)).encode()


def picture(*nals: bytes, key: bool = False) -> Unit:
    return Unit(Codec.H264, 1, 0, 0, 0, key, CONFIG if key else b"", h264.join(nals))


def vp8(frame: bytes) -> Unit:
    return Unit(Codec.VP8, 1, 0, 0, 0, False, b"", frame)


def annex_b(*nals: bytes) -> bytes:
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)


def put_together(parts: list[bytes]) -> bytes:
    return b"".join(H264PayloadDescriptor.parse(part)[1] for part in parts)


def test_a_small_picture_is_one_packet_with_nothing_around_it() -> None:
    assert payloads(picture(b"\x41abc"), 0) == [b"\x41abc"]


def test_a_key_frame_brings_its_set_up_data_in_the_packet_before_it() -> None:
    idr = b"\x65" + bytes(3000)

    first, *pieces = payloads(picture(idr, key=True), 0)

    assert put_together([first]) == annex_b(SPS, PPS)
    assert first[0] & 31 == 24
    assert put_together(pieces) == annex_b(idr)


def test_set_up_data_that_comes_in_the_picture_too_is_sent_once() -> None:
    parts = payloads(picture(b"\x09\xf0", SPS, PPS, b"\x65abc", key=True), 0)

    assert put_together(parts) == annex_b(SPS, PPS, b"\x65abc")


def test_the_pieces_of_a_large_nal_unit_are_nearly_equal() -> None:
    sizes = [len(part) for part in payloads(picture(b"\x41" + bytes(2 * MAX_PAYLOAD)), 0)]

    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == 3


@given(
    st.lists(st.tuples(st.sampled_from([0x41, 0x61, 0x01, 0x65, 0x06]), st.integers(1, 5000)), min_size=1, max_size=8),
    st.integers(64, MAX_PAYLOAD),
    st.booleans(),
)
def test_whatever_is_cut_can_be_put_together_again(nals: list[tuple[int, int]], limit: int, key: bool) -> None:
    units = [bytes((head,)) + bytes(at % 251 + 1 for at in range(size)) for head, size in nals]

    parts = payloads(picture(*units, key=key), 0, limit)

    assert put_together(parts) == annex_b(*([SPS, PPS] if key else []), *units)
    assert all(0 < len(part) <= limit for part in parts)


@given(st.binary(min_size=1, max_size=6000), st.integers(0, 1 << 40), st.integers(32, MAX_PAYLOAD))
def test_a_vp8_frame_can_be_put_together_again(frame: bytes, number: int, limit: int) -> None:
    parts = payloads(vp8(frame), number, limit)

    read = [VpxPayloadDescriptor.parse(part) for part in parts]
    assert b"".join(rest for _, rest in read) == frame
    assert {descriptor.picture_id for descriptor, _ in read} == {number % 32768}
    assert [descriptor.partition_start for descriptor, _ in read] == [1] + [0] * (len(parts) - 1)
    assert all(len(part) <= limit for part in parts)


def test_an_opus_packet_is_a_payload() -> None:
    assert payloads(Unit(Codec.OPUS, 1, 0, 0, 0, True, b"", b"opus"), 0) == [b"opus"]


def test_aac_is_refused() -> None:
    with pytest.raises(PeerError, match="AAC"):
        payloads(Unit(Codec.AAC, 1, 0, 0, 0, True, b"\x11\x90", b"aac"), 0)


@given(st.binary(max_size=200), st.binary(max_size=60), st.booleans())
def test_what_is_no_picture_is_refused_or_cut_but_never_a_crash(payload: bytes, config: bytes, key: bool) -> None:
    try:
        parts = payloads(Unit(Codec.H264, 1, 0, 0, 0, key, config, payload), 0)
    except PeerError:
        return
    assert all(parts)
