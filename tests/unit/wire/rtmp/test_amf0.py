"""AMF0 values and their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.rtmp.amf0 import MAX_DEPTH, MAX_VALUES, UNDEFINED, Date, EcmaArray, Value, decode, encode

# Value and bytes: read test, write test, and seed of the fuzz test.
TABLE: list[tuple[Value, str]] = [
    (1.0, "00 3ff0000000000000"),
    (True, "01 01"),
    (False, "01 00"),
    ("key", "02 0003 6b6579"),
    ({"a": 1.0, "b": {}}, "03 0001 61 00 3ff0000000000000 0001 62 03 000009 000009"),
    (None, "05"),
    (UNDEFINED, "06"),
    (EcmaArray(a="b"), "08 00000001 0001 61 02 0001 62 000009"),
    ([None, "b"], "0a 00000002 05 02 0001 62"),
    (Date(1.0), "0b 3ff0000000000000 0000"),
    ("x" * 65536, "0c 00010000" + "78" * 65536),
]

KEYS = st.text(min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=100),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(("value", "data"), TABLE, ids=lambda item: str(item)[:20])
def test_a_value_is_written(value: Value, data: str) -> None:
    assert encode(value) == bytes.fromhex(data)


@pytest.mark.parametrize(("value", "data"), TABLE, ids=lambda item: str(item)[:20])
def test_a_value_is_read(value: Value, data: str) -> None:
    (read,) = decode(bytes.fromhex(data))

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("08 00000000 0001 61 05 000009", {"a": None}),  # a count that is wrong, as some encoders write it
        ("10 0003 466f6f 0001 61 05 000009", {"a": None}),  # an object of a class
        ("0d", None),
        ("0f 00000001 78", "x"),
        ("02 0001 ff", "\ufffd"),  # not UTF-8
    ],
)
def test_what_only_others_write_is_read(data: str, value: Value) -> None:
    assert decode(bytes.fromhex(data)) == [value]


@given(st.lists(VALUES, max_size=5))
def test_what_is_written_is_read_back(values: list[Value]) -> None:
    assert decode(encode(*values)) == values


@pytest.mark.parametrize(("value", "data"), TABLE[:10], ids=lambda item: str(item)[:20])
def test_a_value_that_is_cut_short_is_refused(value: Value, data: str) -> None:
    whole = bytes.fromhex(data)

    for size in range(1, len(whole)):
        with pytest.raises(PeerError):
            decode(whole[:size])


@pytest.mark.parametrize("marker", ["04", "07 0000", "0e", "11 0a", "ff"])
def test_unknown_types_are_refused(marker: str) -> None:
    with pytest.raises(PeerError, match="unknown"):
        decode(bytes.fromhex(marker))


def test_nesting_is_bounded() -> None:
    with pytest.raises(PeerError, match="deep"):
        decode(bytes.fromhex("0a00000001") * (MAX_DEPTH + 2))


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(PeerError, match="more than"):
        decode(b"\x05" * (MAX_VALUES + 1))


def test_an_array_that_claims_four_thousand_million_values_ends_where_the_data_ends() -> None:
    with pytest.raises(PeerError, match="cut short"):
        decode(bytes.fromhex("0a ffffffff 05"))


def test_our_own_mistakes_are_not_blamed_on_the_peer() -> None:
    with pytest.raises(ValueError, match="key"):
        encode({"": 1.0})
    with pytest.raises(ValueError, match="complex"):
        encode(1j)  # type: ignore[arg-type]
