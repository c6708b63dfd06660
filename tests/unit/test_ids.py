"""Ids: any name becomes one token of a subject, and comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.ids import Output, Room, SdkAppId, Stream, StreamType, TaskId, UserId, quote, unquote

APP = SdkAppId(1400000001)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_quoting_and_has_no_character_that_means_something_to_nats(name: str) -> None:
    token = quote(name)

    assert unquote(token) == name
    assert not set(token) & set(".*> \t\r\n/\\\0")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_different_names_have_different_tokens(one: str, other: str) -> None:
    assert (quote(one) == quote(other)) == (one == other)


def test_numeric_and_string_rooms_of_the_same_name_are_different() -> None:
    assert Room(APP, "123", numeric=True).token == "1400000001.n123"
    assert Room(APP, "123", numeric=False).token == "1400000001.s123"


def test_bytes_that_are_no_text_are_no_token() -> None:
    with pytest.raises(PeerError):
        unquote("=FF")


def test_a_stream_is_four_tokens() -> None:
    stream = Stream(Room(APP, "r", numeric=False), UserId("al.ice"), StreamType.AUX)

    assert stream.token == "1400000001.sr.al=2Eice.aux"


def test_a_tasks_output_is_four_tokens_and_no_room() -> None:
    token = Output(APP, TaskId("a.b+c")).token

    assert token == "1400000001.ta=2Eb=2Bc.output.main"
    assert not Room(APP, "x", numeric=False).token.split(".")[1].startswith("t")
    assert not Room(APP, "1", numeric=True).token.split(".")[1].startswith("t")
