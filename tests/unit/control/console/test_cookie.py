"""Cookie: only what was sealed with the account's key is a session."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.control.console.cookie import MAX_COOKIE, Session, check, claimed, seal
from tailrace.errors import SessionMissing
from tailrace.secret import Secret

KEY, OTHER = Secret("key"), Secret("other")
SESSION = Session('AKIDé "quoted"', 1000)


def test_what_was_sealed_is_a_session_until_it_expires() -> None:
    cookie = seal(SESSION, KEY)

    check(cookie, KEY, 999)
    assert claimed(cookie) == SESSION
    with pytest.raises(SessionMissing):
        check(cookie, KEY, 1000)


def test_a_longest_secret_id_fits() -> None:
    assert len(seal(Session("\N{GRINNING FACE}" * 128, 2**40), KEY)) > MAX_COOKIE // 2
    assert claimed(seal(Session("A" * 128, 2**40), KEY)).secret_id == "A" * 128


def test_another_key_has_sealed_another_cookie() -> None:
    with pytest.raises(SessionMissing):
        check(seal(SESSION, OTHER), KEY, 0)


@given(st.integers(0, 90), st.characters())
def test_a_cookie_with_any_other_character_is_none(place: int, other: str) -> None:
    cookie = seal(SESSION, KEY)
    place %= len(cookie)
    if cookie[place] == other:
        return
    with pytest.raises(SessionMissing):
        check(cookie[:place] + other + cookie[place + 1 :], KEY, 0)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(SessionMissing):
        check(text, KEY, 0)
    with contextlib.suppress(SessionMissing):
        assert isinstance(claimed(text), Session)


@pytest.mark.parametrize(
    "content", ["W10", "WyJhIl0", "WzEsMl0", "WyJhIiwiYiJd", "WyJhIiwxLjVd", "e30", "W" * 2000, "W1tbW1tb"]
)
def test_what_holds_no_name_and_time_is_refused(content: str) -> None:
    with pytest.raises(SessionMissing):
        claimed(f"{content}.x")
