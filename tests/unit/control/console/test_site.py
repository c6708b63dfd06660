"""Site: whose pages ask, and under which name."""

import pytest

from tailrace.control.console.site import Site, name_of
from tailrace.errors import CrossSite, ParameterInvalid

JSON = {"content-type": "application/json; charset=utf-8"}
DIRECT, PROXIED = Site(""), Site("https://relay.example.com")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8930", "origin": "http://127.0.0.1:8930"},
        {"host": "relay.example.com", "origin": "https://relay.example.com"},
        {"host": "[::1]:8930", "origin": "http://[::1]:8930", "sec-fetch-site": "same-origin"},
        {"host": "localhost", "sec-fetch-site": "same-origin"},
    ],
)
def test_our_own_pages_may_change_something(headers: dict[str, str]) -> None:
    DIRECT.check_write(headers | JSON)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "a:1"},
        {"host": "a:1", "origin": "http://a:2"},
        {"host": "a:1", "origin": "http://a"},
        {"host": "a", "origin": "ftp://a"},
        {"host": "a", "origin": "null"},
        {"host": "a", "origin": ""},
        {"host": "a", "origin": "http://a", "sec-fetch-site": "cross-site"},
        {"host": "a", "sec-fetch-site": "none"},
    ],
)
def test_no_other_page_may(headers: dict[str, str]) -> None:
    with pytest.raises(CrossSite):
        DIRECT.check_write(headers | JSON)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_could_send_is_no_change(kind: str) -> None:
    with pytest.raises(ParameterInvalid):
        DIRECT.check_write({"host": "a", "origin": "http://a", "content-type": kind})


def test_an_address_that_was_typed_may_be_read() -> None:
    DIRECT.check_read({"sec-fetch-site": "none"})
    DIRECT.check_read({})


@pytest.mark.parametrize("host", ["", "a b", "a;b", "a'b", "[::1", "a:b", "a/b", "x" * 254])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ParameterInvalid):
        DIRECT.host({"host": host})


def test_behind_a_proxy_its_address_counts() -> None:
    headers = {"host": "10.0.0.1:8930", "x-forwarded-for": "192.0.2.1, 192.0.2.2"}

    assert PROXIED.origin(headers) == "https://relay.example.com"
    assert PROXIED.secure
    assert PROXIED.address(headers, "10.0.0.2") == "192.0.2.2"
    PROXIED.check_write(headers | JSON | {"origin": "https://relay.example.com"})


def test_without_a_proxy_nobody_can_say_where_he_comes_from() -> None:
    headers = {"host": "10.0.0.1:8930", "x-forwarded-for": "192.0.2.1"}

    assert DIRECT.address(headers, "10.0.0.2") == "10.0.0.2"
    assert DIRECT.origin(headers) == "http://10.0.0.1:8930"
    assert not DIRECT.secure


@pytest.mark.parametrize(
    ("host", "port"), [("a:1", "1"), ("[::1]:8930", "8930"), ("a", ""), ("[::1]", ""), ("192.0.2.1:65535", "65535")]
)
def test_a_host_has_a_port_unless_it_is_that_of_the_scheme(host: str, port: str) -> None:
    assert DIRECT.port({"host": host}) == port
    assert PROXIED.port({"host": host}) == ""


@pytest.mark.parametrize(("host", "name"), [("a:1", "a"), ("[::1]:8930", "[::1]"), ("a", "a"), ("a b", "")])
def test_a_host_has_a_name(host: str, name: str) -> None:
    assert name_of(host) == name
