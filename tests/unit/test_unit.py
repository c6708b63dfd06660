"""Unit: its bytes on the bus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit

TIMES = st.integers(min_value=-(2**63), max_value=2**63 - 1)
UNITS = st.builds(
    Unit,
    codec=st.sampled_from(Codec),
    session=st.integers(min_value=0, max_value=2**64 - 1),
    sequence=st.integers(min_value=0, max_value=2**32 - 1),
    pts_us=TIMES,
    dts_us=TIMES,
    key=st.booleans(),
    config=st.binary(max_size=100),
    payload=st.binary(max_size=1000),
)
SAMPLE = Unit(Codec.H264, 7, 3, 40_000, 20_000, True, b"set-up", b"payload")


@given(UNITS)
def test_a_unit_comes_back_from_its_bytes(unit: Unit) -> None:
    assert Unit.decode(unit.encode()) == unit


@pytest.mark.parametrize("size", range(len(SAMPLE.encode()) - len(SAMPLE.payload)))
def test_bytes_that_end_before_the_payload_are_refused(size: int) -> None:
    with pytest.raises(PeerError):
        Unit.decode(SAMPLE.encode()[:size])


@given(st.binary(max_size=200))
def test_any_other_bytes_are_a_unit_or_refused(data: bytes) -> None:
    try:
        unit = Unit.decode(data)
    except PeerError:
        return
    assert unit.encode()[4:] == data[4:]


def test_another_version_is_refused_by_its_number() -> None:
    with pytest.raises(PeerError, match="version 9"):
        Unit.decode(b"\x09" + SAMPLE.encode()[1:])


def test_pictures_and_sound_are_told_apart() -> None:
    assert [codec for codec in Codec if codec.is_video] == [Codec.H264, Codec.VP8]
