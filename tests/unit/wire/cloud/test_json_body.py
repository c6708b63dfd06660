"""JSON bodies: what is read, and every limit."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import ParameterInvalid
from tailrace.wire.cloud.json_body import MAX_DEPTH, MAX_VALUES, parse_json


def test_null_members_are_left_out_at_every_depth() -> None:
    assert parse_json(b'{"A": null, "B": {"C": null, "D": 1}, "E": [{"F": null}]}') == {"B": {"D": 1}, "E": [{}]}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"A=1", "not JSON"),
        (b'{"A": 1', "not JSON"),
        (b'{"A": "\xff"}', "not JSON"),
        (b'{"A": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"A": 1, "A": 2}', "given twice"),
        (b'{"A": NaN}', "not a JSON number"),
        (b'{"A": -Infinity}', "not a JSON number"),
        (b'{"A": "\\ud800"}', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'{"A":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH, ""),
        (b'{"A":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "deeper"),
        (b'{"A":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "deeper"),
        (b'{"A":[' + b"0," * MAX_VALUES + b"0]}", "too many values"),
    ],
)
def test_what_is_not_a_small_object_is_refused(body: bytes, why: str) -> None:
    if not why:
        parse_json(body)
        return
    with pytest.raises(ParameterInvalid, match=why):
        parse_json(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(ParameterInvalid):
        assert isinstance(parse_json(body), dict)
