"""WHIP as HTTP: statuses of both families, bearer tokens, If-Match and Link headers."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import (
    AppUnknown,
    BusError,
    OfferUnusable,
    ParameterInvalid,
    ParameterMissing,
    PeerError,
    SessionsFull,
    SessionUnknown,
    StateError,
    StreamTaken,
    TailraceError,
    UserSessionsFull,
    UserSigForAnother,
    UserSigRejected,
)
from tailrace.wire import whip
from tailrace.wire.whip import Family


@pytest.mark.parametrize(
    ("error", "v1", "v2"),
    [
        (PeerError(), 400, 400),
        (ParameterInvalid("streamtype", ""), 400, 400),
        (ParameterMissing("SessionID"), 400, 400),
        (ParameterMissing("Authorization"), 403, 401),
        (ParameterMissing("usersig"), 403, 401),
        (UserSigRejected(), 403, 401),
        (UserSigForAnother(), 403, 403),
        (AppUnknown(), 404, 404),
        (SessionUnknown(), 404, 404),
        (StreamTaken(), 409, 409),
        (OfferUnusable(), 400, 422),
        (SessionsFull(), 503, 503),
        (UserSessionsFull(), 429, 429),
        (BusError(), 503, 503),
        (StateError(), 500, 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, TailraceError) else str(value),
)
def test_each_error_has_its_status_in_each_family(error: TailraceError, v1: int, v2: int) -> None:
    assert (whip.status_of(error, Family.V1), whip.status_of(error, Family.V2)) == (v1, v2)


def test_who_is_to_sign_in_or_to_come_back_is_told_how() -> None:
    assert whip.headers_of(HTTPStatus.UNAUTHORIZED) == {"WWW-Authenticate": "Bearer"}
    assert int(whip.headers_of(HTTPStatus.SERVICE_UNAVAILABLE)["Retry-After"]) > 0
    assert int(whip.headers_of(HTTPStatus.TOO_MANY_REQUESTS)["Retry-After"]) > 0
    assert whip.headers_of(HTTPStatus.BAD_REQUEST) == {}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer eJw*-_x9", "eJw*-_x9"),
        ("bearer   abc=", "abc="),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("Bearer a b", ""),
        ("", ""),
    ],
)
def test_a_bearer_token_is_read(header: str, token: str) -> None:
    assert whip.bearer(header) == token


@pytest.mark.parametrize(
    ("header", "holds"),
    [
        ('"abc"', True),
        ("*", True),
        ('"x", "abc"', True),
        ('W/"abc"', False),
        ('"abd"', False),
        ("abc", False),
        ("", False),
    ],
)
def test_if_match_compares_strongly(header: str, holds: bool) -> None:
    assert whip.matches(header, '"abc"') is holds


@given(st.text(max_size=200))
def test_no_header_of_a_stranger_breaks_anything(text: str) -> None:
    assert len(whip.bearer(text)) <= len(text)
    assert not whip.matches(text, '"abc"') or text.strip() == "*" or '"abc"' in text
    assert not whip.is_type(text, whip.SDP) or whip.SDP in text.lower()


def test_a_content_type_is_the_same_with_parameters_and_in_capitals() -> None:
    assert whip.is_type("Application/SDP; charset=utf-8", whip.SDP)
    assert not whip.is_type("application/sdpx", whip.SDP)
    assert not whip.is_type("", whip.SDP)


def test_servers_are_handed_out_as_links() -> None:
    assert whip.ice_link("stun:stun.example.net") == '<stun:stun.example.net>; rel="ice-server"'
    assert whip.ice_link("turn:turn.example.net?transport=udp", "anna", 'a"b\\c') == (
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="anna"; '
        'credential="a\\"b\\\\c"; credential-type="password"'
    )
