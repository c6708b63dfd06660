"""Form fields and flattened names."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import ParameterInvalid
from tailrace.wire.cloud.form import MAX_FIELDS, parse_form, unflatten


def test_fields_are_percent_decoded() -> None:
    assert parse_form(b"A=a+b%2Bc&B=%E5%8F%B7&C=") == {"A": "a b+c", "B": "号", "C": ""}


@pytest.mark.parametrize(
    "data", [b"A=%FF", "A=号".encode(), b"A=1&A=2", b"&".join(b"A%d=1" % number for number in range(MAX_FIELDS + 1))]
)
def test_what_is_no_form_is_refused(data: bytes) -> None:
    with pytest.raises(ParameterInvalid):
        parse_form(data)


def test_flattened_names_become_lists_and_structures_in_any_order() -> None:
    fields = {"A.1.B.C": "2", "A.0.B.C": "1", "D.E": "3", "F.10": "k", **{f"F.{n}": str(n) for n in range(10)}}

    assert unflatten(fields) == {
        "A": [{"B": {"C": "1"}}, {"B": {"C": "2"}}],
        "D": {"E": "3"},
        "F": [*map(str, range(10)), "k"],
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"A.1": "x"}, "A.0"),
        ({"A.0": "x", "A.2": "y"}, "A.1"),
        ({"A.00": "x"}, "A.0"),
        ({"A.0.B": "x", "A.C": "y"}, "A.1"),
        ({"A": "x", "A.B": "y"}, "A.B"),
        ({"A.B": "y", "A": "x"}, "A"),
        ({".".join("ABCDEFGHIJKLMNOPQR"): "x"}, "body"),
    ],
)
def test_gaps_and_clashes_are_refused_by_name(fields: dict[str, str], named: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        unflatten(fields)

    assert refused.value.path == named


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(ParameterInvalid):
        assert isinstance(unflatten(parse_form(data)), dict)
