"""RTMP addresses, from both sides."""

import pytest

from tailrace.errors import CallerError
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.url import parse, requested


@pytest.mark.parametrize(
    ("text", "tls", "host", "port", "app", "name"),
    [
        ("rtmp://cdn.example/live/key", False, "cdn.example", 1935, "live", "key"),
        ("RTMP://cdn.example:1936/live/key?a=b&c=d/e", False, "cdn.example", 1936, "live", "key?a=b&c=d/e"),
        ("rtmps://cdn.example/live/key", True, "cdn.example", 443, "live", "key"),
        ("rtmp://[::1]:1935/live/key", False, "::1", 1935, "live", "key"),
        ("rtmp://127.0.0.1/live/instance/key", False, "127.0.0.1", 1935, "live/instance", "key"),
        ("rtmp://127.0.0.1/live/instance/key/more", False, "127.0.0.1", 1935, "live/instance", "key/more"),
        ("rtmp://cdn.example/push/room?usersig=e*-_", False, "cdn.example", 1935, "push", "room?usersig=e*-_"),
        ("rtmp://cdn.example/live?auth=a/key", False, "cdn.example", 1935, "live?auth=a", "key"),
    ],
)  # fmt: skip
def test_an_address_is_read(text: str, tls: bool, host: str, port: int, app: str, name: str) -> None:
    url = parse(PushUrl(text))

    assert (url.tls, url.host, url.port, url.app, url.name.reveal()) == (tls, host, port, app, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cdn.example/live/hush",
        "http://cdn.example/live/hush",
        "rtmp:///live/hush",
        "rtmp://cdn.example",
        "rtmp://cdn.example/hush",
        "rtmp://cdn.example/live/?",
        "rtmp://cdn.example:99999/live/hush",
        "rtmp://cdn.example:port/live/hush",
        "rtmp://[::1/live/hush",
        "rtmp://user:hush@cdn.example/live/key",
        "rtmp://cdn.example/live/hush#part",
        "rtmp://cdn.example/live/hush hush",
        "rtmp://cdn.example/live/hush\r\nhush",
        "rtmp://cdn.example/live/" + "hush" * 2000,
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CallerError) as refused:
        parse(text)

    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("text", ["rtmp://cdn.example/live/hush?hush", "rtmps://[::1]:444/live/hush"])
def test_printing_an_address_shows_stars(text: str) -> None:
    url = parse(text)

    assert str(url) == text.partition("/live")[0] + "/***"
    assert "hush" not in f"{url} {url!r} {url.tc_url}"


def test_the_connect_address_names_the_port_only_where_it_is_unusual() -> None:
    assert parse("rtmp://cdn.example:1935/live/key").tc_url == "rtmp://cdn.example/live"
    assert parse("rtmps://cdn.example:1935/live/key").tc_url == "rtmps://cdn.example:1935/live"


@pytest.mark.parametrize(
    ("app", "name", "expected"),
    [
        ("push", "room?a=b&c=d", ("push", "room", "a=b&c=d")),
        ("push/room?a=b", "", ("push", "room", "a=b")),
        ("push/", "/room", ("push", "room", "")),
        ("push?a=b", "room", ("push", "room", "a=b")),
        ("push?a=b", "room?c=d", ("push", "room", "a=b&c=d")),
        ("push/room?a=b", "c", ("push", "room", "a=b/c")),
        ("live/instance", "key", ("live", "instance/key", "")),
        ("live/instance?a=b", "key?c=d", ("live", "instance/key", "a=b&c=d")),
        ("live", "", ("live", "", "")),
        ("", "", ("", "", "")),
    ],
)
def test_what_a_client_asks_for_is_found_wherever_it_had_cut_the_address(
    app: str, name: str, expected: tuple[str, str, str]
) -> None:
    assert requested(app, name) == expected


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no stream hush42?txSecret=ab%2Fcdef&token=tok99&type=1&bare77", "no stream ***"),
        ("no stream hush42?txSecret=ab%2Fcdef", "no stream ***?***"),
        ("stream key 'hush42' is not known", "stream key '***' is not known"),
        ("stream key 'HUSH42' is not known", "stream key '***' is not known"),
        ("sign ab%2Fcdef is wrong, and ab/cdef too", "sign *** is wrong, and *** too"),
        ("token=tok99 has expired: tok99", "*** has expired: ***"),
        ("app?auth=app99: app99 may not", "app?***: *** may not"),
        ("not in live?auth=app99", "not in live?***"),
        ("bare77 is used up", "*** is used up"),
        ("of type 1, version 1.0, level 42", "of type 1, version 1.0, level 42"),
        ("two\r\nlines\x1b[2J\x00 and\u202e more", "two lines [2J and more"),
        ("x" * 500, "x" * 60),
        ("x" * 55 + "hush42", "x" * 55 + "***"),
    ],
)
def test_what_a_server_says_is_one_line_without_any_part_of_the_stream_key(said: str, shown: str) -> None:
    url = parse(PushUrl("rtmp://cdn.example/live?auth=app99/hush42?txSecret=ab%2Fcdef&token=tok99&type=1&bare77"))

    assert url.hide(said, 60) == shown


def test_a_short_stream_key_is_starred_where_it_is_a_word() -> None:
    url = parse(PushUrl("rtmp://cdn.example/live/a"))

    assert url.hide("a stream named 'a' has started", 60) == "*** stream named '***' has started"
