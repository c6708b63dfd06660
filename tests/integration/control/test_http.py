"""Plain HTTP: sizes, methods, encodings and shapes that no SDK sends; and the paths for operators."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tailrace.wire.cloud.client import Credentials, signed_post
from tests.integration.control.requests import start_parameters
from tests.integration.control.running import APP, KEY, REGION, Control

OWNER = Credentials("AKIDowner", KEY)
JSON = {"Content-Type": "application/json"}


def call(api: Control, action: str, parameters: dict[str, Any], **changed: str) -> dict[str, Any]:
    """Make a signed call, with some headers changed after signing; return the answer's Response."""
    headers, body = signed_post(OWNER, api.address, action, parameters, int(time.time()), REGION)
    return response_of(api.post(body, headers | {name.replace("_", "-"): value for name, value in changed.items()}))


def response_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the Response of an answer, whose form must be right to the letter."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    response = answer.json()["Response"]
    assert list(answer.json()) == ["Response"]
    assert list(response)[-1] == "RequestId"
    assert len(response["RequestId"]) == 36
    assert response["RequestId"][14] == "4"
    return dict(response)


def code_of(answer: httpx.Response) -> str:
    """Return the code of an error answer."""
    return str(response_of(answer)["Error"]["Code"])


def test_our_own_client_is_understood(api: Control) -> None:
    task_id = call(api, "StartPublishCdnStream", start_parameters())["TaskId"]

    assert call(api, "StopPublishCdnStream", {"SdkAppId": APP, "TaskId": task_id})["TaskId"] == task_id


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods_are_an_unsupported_protocol(api: Control, method: str) -> None:
    answer = httpx.request(method, f"http://{api.address}/")

    assert answer.status_code == 200
    if method != "HEAD":
        assert code_of(answer) == "UnsupportedProtocol"


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", JSON, "InvalidParameter"),
        (b"no json", JSON, "InvalidParameter"),
        (b"[" * 100_000, JSON, "InvalidParameter"),
        (b'{"A":' * 500 + b"1" + b"}" * 500, JSON, "InvalidParameter"),
        (b"{}", JSON, "MissingParameter"),
        (b"{}", {"Content-Type": "text/xml", "Authorization": "x"}, "InvalidRequest"),
        (b"--b\r\n", {"Content-Type": "multipart/form-data; boundary=b", "Authorization": "x"}, "InvalidRequest"),
        (b"A=1", {"Content-Type": "application/x-www-form-urlencoded"}, "MissingParameter"),
    ],
)
def test_a_body_that_is_no_call_is_refused(api: Control, body: bytes, headers: dict[str, str], code: str) -> None:
    assert code_of(api.post(body, headers)) == code


def test_a_tampered_body_is_refused(api: Control) -> None:
    headers, body = signed_post(OWNER, api.address, "StopPublishCdnStream", {"SdkAppId": APP}, int(time.time()), REGION)

    assert code_of(api.post(body.replace(b"}", b" }"), headers)) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("authorization", ["SKIP", "TC3-HMAC-SHA256 Credential=x", ""])
def test_a_malformed_authorization_is_refused(api: Control, authorization: str) -> None:
    answer = call(api, "StopPublishCdnStream", {"SdkAppId": APP}, Authorization=authorization)

    assert answer["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize("header", ["X-TC-Action", "X-TC-Version", "X-TC-Timestamp"])
def test_a_common_header_that_is_missing_is_named(api: Control, header: str) -> None:
    headers, body = signed_post(OWNER, api.address, "StopPublishCdnStream", {}, int(time.time()), REGION)
    del headers[header]
    error = response_of(api.post(body, headers))["Error"]

    assert error["Code"] == "MissingParameter"
    assert header in error["Message"]


@pytest.mark.parametrize(
    ("size", "headers"),
    [(20 * 1024 * 1024, JSON | {"Authorization": "x"}), (1024 * 1024 + 1, JSON), (10 * 1024 * 1024 + 1, JSON)],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_its_limit_is_refused(api: Control, size: int, headers: dict[str, str], chunked: bool) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, size, 65536):
            yield b" " * min(65536, size - start)

    answer = httpx.post(
        f"http://{api.address}/", content=pieces() if chunked else b" " * size, headers=headers, timeout=30
    )

    assert code_of(answer) == "RequestSizeLimitExceeded"


def test_a_body_at_its_limit_is_read(api: Control) -> None:
    body = b"{}" + b" " * (10 * 1024 * 1024 - 2)

    assert code_of(api.post(body, JSON | {"Authorization": "x"})) == "MissingParameter"


@pytest.mark.parametrize(
    ("length", "code"), [(32 * 1024 - 100, "MissingParameter"), (33 * 1024, "RequestSizeLimitExceeded")]
)
def test_a_query_may_have_32_kilobytes(api: Control, length: int, code: str) -> None:
    assert code_of(api.get("/?A=" + "x" * length)) == code


def test_a_head_without_end_is_cut_off(api: Control) -> None:
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            peer.sendall(b"X-Filler: " + b"x" * 100_000_000)


def test_messages_name_the_full_path_and_not_the_value(api: Control) -> None:
    urls = [{"PublishCdnUrl": "rtmp://a/live/1"}, {"PublishCdnUrl": "http://a/live/hidden"}]
    error = call(api, "StartPublishCdnStream", start_parameters(PublishCdnParams=urls))["Error"]

    assert error["Code"] == "InvalidParameter"
    assert "`PublishCdnParams.1.PublishCdnUrl`" in error["Message"]
    assert "hidden" not in json.dumps(error)


def test_an_endless_name_is_not_repeated_in_full(api: Control) -> None:
    error = call(api, "StopPublishCdnStream", {"A" * 100_000: 1})["Error"]

    assert error["Code"] == "UnknownParameter"
    assert len(error["Message"]) < 1000


def test_operators_see_health_and_figures_without_secrets(api: Control) -> None:
    assert call(api, "NoSuchAction" + "x" * 50, {})["Error"]["Code"] == "InvalidAction"
    text = api.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert api.get("/healthz").status_code == 200
    assert {"tailrace_api_calls", "tailrace_api_call_seconds", "tailrace_tasks"} <= set(families)
    calls = {(s.labels["action"], s.labels["code"]): s.value for s in families["tailrace_api_calls"].samples}
    assert calls["unknown", "InvalidAction"] >= 1
    assert "AKID" not in text
    assert "NoSuchAction" not in text


def test_control_alone_is_not_ready_and_says_what_is_missing(api: Control) -> None:
    answer = api.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"bus": True, "ingest": False, "worker": False}


def test_another_path_is_not_found(api: Control) -> None:
    assert api.get("/nothing/").status_code == 404
