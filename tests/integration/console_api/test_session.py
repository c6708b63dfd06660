"""Signing in and out, the cookie, and whose requests are heard."""

import logging
import time
from collections.abc import Iterator

import httpx
import pytest

from tailrace.control.console.attempts import MOST
from tailrace.control.console.cookie import LIFETIME, Session, seal
from tailrace.secret import Secret
from tests.harness.console_page import JSON, ConsolePage
from tests.integration.console_api.conftest import CONFIG, OWNER_KEY, STOP_KEY, STRANGER_KEY
from tests.integration.control.running import APP, OTHER_APP, Control, ShiftedClock, control

GUARDED = [
    ("GET", "/api/session"),
    ("GET", "/api/stream"),
    ("GET", "/api/deliveries?SdkAppId=1400000001"),
    ("POST", "/api/call"),
    ("POST", "/api/code"),
    ("POST", "/api/usersig"),
]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an error."""
    return answer.status_code, answer.json()["Error"]["Code"]


def test_who_signs_in_is_told_his_apps_and_stays_signed_in(api: Control, page: ConsolePage) -> None:
    answer = page.sign_in("AKIDowner", OWNER_KEY)
    told = answer.json()

    assert answer.status_code == 200
    assert (told["SecretId"], told["AppId"]) == ("AKIDowner", 1250000000)
    assert told["Apps"] == [{"SdkAppId": APP}, {"SdkAppId": OTHER_APP}]
    assert abs(told["ExpiresAt"] - time.time() - LIFETIME) < 60
    assert page.get("/api/session").json() == told


def test_a_key_for_one_app_shows_this_one(page: ConsolePage) -> None:
    assert page.sign_in("AKIDstop", STOP_KEY).json()["Apps"] == [{"SdkAppId": APP}]


def test_the_cookie_is_for_the_console_alone_and_out_of_reach_of_scripts(page: ConsolePage) -> None:
    words = page.sign_in("AKIDowner", OWNER_KEY).headers["set-cookie"].split("; ")

    assert {"HttpOnly", "Path=/console", "SameSite=strict", f"Max-Age={LIFETIME}"} <= set(words)
    assert OWNER_KEY not in words[0]


@pytest.mark.parametrize(
    ("secret_id", "secret_key"),
    [("AKIDowner", "wrong"), ("AKIDowner", STRANGER_KEY), ("nobody", "nobody"), ("", "é" * 200)],
)
def test_a_wrong_key_opens_nothing_and_is_answered_late(page: ConsolePage, secret_id: str, secret_key: str) -> None:
    began = time.monotonic()
    answer = page.sign_in(secret_id, secret_key)

    assert code_of(answer) == (401, "AuthFailure")
    assert time.monotonic() - began >= 0.5
    assert "set-cookie" not in answer.headers
    assert code_of(page.get("/api/session")) == (401, "AuthFailure")


def test_too_many_wrong_keys_shut_the_door(nats_url: Secret, caplog: pytest.LogCaptureFixture) -> None:
    with control(nats_url, CONFIG) as api, ConsolePage(f"http://{api.address}") as page:
        codes = [code_of(page.sign_in("AKIDowner", f"guess {number}")) for number in range(MOST)]
        shut = page.sign_in("AKIDowner", OWNER_KEY)

    assert set(codes) == {(401, "AuthFailure")}
    assert code_of(shut) == (429, "RequestLimitExceeded")
    refused = [record for record in caplog.records if record.getMessage() == "sign-in refused"]
    assert len(refused) == MOST
    assert "guess" not in caplog.text
    assert refused[0].levelno == logging.WARNING


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"SecretId":"a"}', b'{"SecretId":1,"SecretKey":"x"}'])
def test_what_is_no_sign_in_is_refused(page: ConsolePage, body: bytes) -> None:
    assert page.post("/api/session", content=body, headers=JSON).status_code == 400


def test_a_body_without_end_is_refused(page: ConsolePage) -> None:
    answer = page.post("/api/session", content=b" " * (1024 * 1024 + 1), headers=JSON)

    assert code_of(answer) == (413, "RequestSizeLimitExceeded")


def test_who_signs_out_has_no_session(owner: ConsolePage) -> None:
    assert owner.sign_out().status_code == 204
    assert code_of(owner.get("/api/session")) == (401, "AuthFailure")


def test_servers_on_two_ports_of_one_host_do_not_sign_each_other_out(nats_url: Secret, owner: ConsolePage) -> None:
    with control(nats_url, CONFIG) as other, ConsolePage(f"http://{other.address}") as there:
        # Browsers send the cookies of a host to all of its ports.
        there.cookies.update(owner.cookies)
        assert there.sign_in("AKIDstranger", STRANGER_KEY).status_code == 200
        owner.cookies.update(there.cookies)
        assert owner.get("/api/session").json()["SecretId"] == "AKIDowner"
        assert there.sign_out().status_code == 204

    assert owner.get("/api/session").json()["SecretId"] == "AKIDowner"


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_session_nothing_is_told(page: ConsolePage, method: str, path: str) -> None:
    assert code_of(page.request(method, path, headers=JSON, content=b"{}")) == (401, "AuthFailure")


def other_cookies() -> Iterator[tuple[str, str]]:
    now = int(time.time())
    good = seal(Session("AKIDowner", now + 3600), Secret(OWNER_KEY))
    content, _, signature = good.partition(".")
    yield "signed by a stranger", seal(Session("AKIDowner", now + 3600), Secret(STRANGER_KEY))
    yield "expired", seal(Session("AKIDowner", now - 1), Secret(OWNER_KEY))
    yield "of nobody", seal(Session("AKIDnobody", now + 3600), Secret(OWNER_KEY))
    yield "of another key of the account", seal(Session("AKIDstop", now + 3600), Secret(OWNER_KEY))
    yield "prolonged", seal(Session("AKIDowner", now + 9999), Secret("x")).partition(".")[0] + "." + signature
    yield "unsigned", content
    yield "cut", good[:-2]
    yield "too long", content + "A" * 2000 + "." + signature
    yield "nonsense", "x.y"


@pytest.mark.parametrize(("why", "cookie"), list(other_cookies()), ids=lambda value: value[:20])
def test_a_cookie_that_we_have_not_made_is_none(page: ConsolePage, why: str, cookie: str) -> None:
    answer = page.get("/api/session", headers={"Cookie": f"{page.cookie}={cookie}"})

    assert code_of(answer) == (401, "AuthFailure"), why


def test_a_good_cookie_is_known_to_every_control_process(nats_url: Secret, owner: ConsolePage) -> None:
    with control(nats_url, CONFIG) as other, ConsolePage(f"http://{other.address}") as there:
        answer = there.get("/api/session", headers={"Cookie": f"{there.cookie}={owner.cookies[owner.cookie]}"})

    assert answer.json()["SecretId"] == "AKIDowner"


def test_a_session_ends_after_its_time(nats_url: Secret, owner: ConsolePage) -> None:
    with (
        control(nats_url, CONFIG, ShiftedClock(LIFETIME + 60)) as later,
        ConsolePage(f"http://{later.address}") as there,
    ):
        answer = there.get("/api/session", headers={"Cookie": f"{there.cookie}={owner.cookies[owner.cookie]}"})

    assert code_of(answer) == (401, "AuthFailure")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/session"), ("DELETE", "/api/session"), *GUARDED[3:]])
def test_another_sites_page_changes_nothing(
    owner: ConsolePage, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = owner.request(method, path, headers=JSON | headers, content=b"{}")

    assert code_of(answer) == (403, "UnauthorizedOperation")
    assert "set-cookie" not in answer.headers


def test_a_change_without_an_origin_is_refused(owner: ConsolePage) -> None:
    del owner.headers["origin"]

    assert code_of(owner.sign_out()) == (403, "UnauthorizedOperation")
    assert owner.get("/api/session").status_code == 200


def test_a_form_of_another_site_is_no_json(owner: ConsolePage) -> None:
    answer = owner.post("/api/call", data={"Action": "StopPublishCdnStream"})

    assert code_of(answer) == (400, "InvalidParameter")


@pytest.mark.parametrize("path", ["/api/session", "/api/stream", "/api/deliveries?SdkAppId=1400000001"])
def test_another_sites_page_reads_nothing(owner: ConsolePage, path: str) -> None:
    answer = owner.get(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert code_of(answer) == (403, "UnauthorizedOperation")
    assert "access-control-allow-origin" not in answer.headers


def test_behind_a_proxy_with_tls_the_cookie_is_secure_and_its_origin_is_ours(nats_url: Secret) -> None:
    settings = CONFIG.console.model_copy(update={"url": "https://relay.example.com"})
    config = CONFIG.model_copy(update={"console": settings})
    with control(nats_url, config) as api, ConsolePage(f"http://{api.address}") as page:
        assert page.sign_in("AKIDowner", OWNER_KEY).status_code == 403
        page.headers["Origin"] = "https://relay.example.com"
        answer = page.sign_in("AKIDowner", OWNER_KEY)

    assert answer.status_code == 200
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_a_console_that_is_turned_off_is_not_there(nats_url: Secret) -> None:
    config = CONFIG.model_copy(update={"console": CONFIG.console.model_copy(update={"enabled": False})})
    with control(nats_url, config) as api:
        assert api.get("/console/").status_code == 404
        assert api.get("/console/api/session").status_code == 404
