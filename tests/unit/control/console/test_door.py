"""Door: whose session a request has."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tailrace.config import Account, App, Config
from tailrace.control.caller import Callers
from tailrace.control.console.cookie import LIFETIME, Session
from tailrace.control.console.door import Door
from tailrace.control.console.site import Site
from tailrace.errors import SessionMissing
from tailrace.secret import Secret
from tests.fakes.clock import ManualClock


def callers(key: str = "the-secret-key") -> Callers:
    account = Account(app_id=1, secret_id="AKIDowner", secret_key=Secret(key))
    return Callers(Config(account=(account,), app=(App(sdk_app_id=1400000001, account=1, key=Secret("key")),)))


def request(host: str = "relay.example.com:8930", cookie: str = "") -> Request:
    headers = [(b"host", host.encode()), *([(b"cookie", cookie.encode())] if cookie else [])]
    return Request({"type": "http", "method": "GET", "path": "/console/api/session", "headers": headers})


def opened(clock: ManualClock, site: Site, host: str = "relay.example.com:8930") -> str:
    """Return the Set-Cookie header of a session that begins now."""
    known = callers()
    response = Response()
    session = Session("AKIDowner", int(clock.unix()) + LIFETIME)
    Door(known, site, clock).give(request(host), response, known.find("AKIDowner"), session)
    return response.headers["set-cookie"]


@pytest.mark.parametrize(
    ("host", "name"),
    [("relay:8930", "tailrace_console_8930"), ("relay", "tailrace_console"), ("[::1]:80", "tailrace_console_80")],
)
def test_the_port_is_in_the_cookies_name_and_another_port_does_not_know_it(host: str, name: str) -> None:
    clock = ManualClock()
    cookie = opened(clock, Site(""), host).partition(";")[0]
    door = Door(callers(), Site(""), clock)

    assert cookie.startswith(f"{name}=")
    assert door.whose(request(host, cookie))[1].secret_id == "AKIDowner"
    with pytest.raises(SessionMissing):
        door.whose(request("relay:8999", cookie))


def test_behind_a_proxy_with_tls_the_cookie_is_sent_over_nothing_else() -> None:
    direct, proxied = (opened(ManualClock(), site) for site in (Site(""), Site("https://relay.example.com")))

    assert "Secure" not in direct
    assert "Secure" in proxied
    assert proxied.startswith("tailrace_console=")


def test_who_signs_out_takes_away_the_cookie_that_he_was_given() -> None:
    clock, response = ManualClock(), Response()
    Door(callers(), Site(""), clock).take(request(), response)

    gone, given = response.headers["set-cookie"], opened(clock, Site(""))
    assert gone.partition("=")[0] == given.partition("=")[0]
    assert "Max-Age=0" in gone
    assert "Path=/console" in gone
    assert "Path=/console" in given


def test_a_session_ends_with_its_time_with_its_key_and_with_its_account() -> None:
    clock = ManualClock()
    asked = request(cookie=opened(clock, Site("")).partition(";")[0])
    nobody = Callers(Config())

    for known in (callers("another-secret-key"), nobody):
        with pytest.raises(SessionMissing):
            Door(known, Site(""), clock).whose(asked)
    Door(callers(), Site(""), clock).whose(asked)
    clock.pass_time(LIFETIME)
    with pytest.raises(SessionMissing):
        Door(callers(), Site(""), clock).whose(asked)
