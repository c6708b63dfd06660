"""Requests taken apart: which form a call has, and what is missing in it, in order."""

from urllib.parse import urlencode

import pytest

from tailrace.errors import (
    AuthorizationMalformed,
    BodyMalformed,
    ParameterInvalid,
    ParameterMissing,
    SignatureMismatch,
    TailraceError,
)
from tailrace.wire.cloud.request import HttpRequest, decode, language

TC3 = {
    b"host": b"127.0.0.1:8930",
    b"content-type": b"application/json",
    b"authorization": b"TC3-HMAC-SHA256 ...",
    b"x-tc-action": b"StopPublishCdnStream",
    b"x-tc-version": b"2019-07-22",
    b"x-tc-timestamp": b"1700000000",
    b"x-tc-region": b"ap-guangzhou",
}
V1 = {
    "Action": "StopPublishCdnStream",
    "Version": "2019-07-22",
    "Timestamp": "1700000000",
    "Nonce": "9223372036854775807",
    "SecretId": "AKID",
    "Signature": "c2ln",
    "Region": "ap-guangzhou",
    "Language": "zh-CN",
    "RequestClient": "SDK",
    "SdkAppId": "1400000001",
    "Who.0.UserId": "a",
}
FORM = {b"content-type": b"application/x-www-form-urlencoded"}


def without(name: bytes) -> dict[bytes, bytes]:
    """TC3's headers but one."""
    return {key: value for key, value in TC3.items() if key != name}


def test_a_json_post_has_its_common_parameters_in_headers() -> None:
    call = decode(HttpRequest("POST", TC3, b"ignored=1", b'{"SdkAppId": 1400000001, "TaskId": null}'))

    assert (call.action, call.version, call.timestamp) == ("StopPublishCdnStream", "2019-07-22", 1700000000)
    assert (call.region, call.token, call.text, call.v1) == ("ap-guangzhou", "", False, None)
    assert call.parameters == {"SdkAppId": 1400000001}


def test_a_get_signed_in_a_header_has_its_parameters_in_the_query() -> None:
    call = decode(HttpRequest("GET", TC3 | FORM, b"SdkAppId=1400000001&Who.0.UserId=a"))

    assert call.text
    assert call.v1 is None
    assert call.parameters == {"SdkAppId": "1400000001", "Who": [{"UserId": "a"}]}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_v1_call_has_everything_in_its_fields(method: str) -> None:
    fields = urlencode(V1).encode()
    call = decode(
        HttpRequest("GET", FORM, fields) if method == "GET" else HttpRequest("POST", FORM, b"", fields),
    )

    assert call.v1 == V1
    assert call.parameters == {"SdkAppId": "1400000001", "Who": [{"UserId": "a"}]}
    assert (call.action, call.region, call.timestamp, call.text) == (V1["Action"], V1["Region"], 1700000000, True)


def test_a_v1_signature_in_the_query_goes_with_a_json_content_type_but_no_json() -> None:
    headers = {b"content-type": b"application/json; charset=utf-8"}
    query = urlencode(V1).encode()

    assert decode(HttpRequest("POST", headers, query)).v1 == V1
    with pytest.raises(SignatureMismatch):
        decode(HttpRequest("POST", headers, query, b'{"TaskId": "unsigned"}'))


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (HttpRequest("POST", TC3, b"", b"no json"), ParameterInvalid),
        (HttpRequest("POST", TC3 | {b"content-type": b"multipart/form-data; boundary=x"}, b"", b"--x"), BodyMalformed),
        (HttpRequest("POST", TC3 | FORM, b"", b"A=1"), BodyMalformed),
        (HttpRequest("POST", without(b"content-type"), b"", b"{}"), BodyMalformed),
        (HttpRequest("POST", without(b"x-tc-action"), b"", b"{}"), ParameterMissing),
        (HttpRequest("POST", without(b"x-tc-version"), b"", b"{}"), ParameterMissing),
        (HttpRequest("POST", without(b"x-tc-timestamp"), b"", b"{}"), ParameterMissing),
        (HttpRequest("POST", TC3 | {b"x-tc-timestamp": b"now"}, b"", b"{}"), ParameterInvalid),
        (HttpRequest("POST", TC3 | {b"x-tc-timestamp": b"9" * 13}, b"", b"{}"), ParameterInvalid),
        (HttpRequest("POST", without(b"authorization"), b"", b"{}"), AuthorizationMalformed),
        (HttpRequest("GET", without(b"authorization") | FORM, b"SdkAppId=1"), AuthorizationMalformed),
        (HttpRequest("GET", {}), ParameterMissing),
        (HttpRequest("POST", FORM, b"", urlencode(V1 | {"Nonce": "-1"}).encode()), ParameterInvalid),
        (HttpRequest("POST", FORM, b"", urlencode(V1 | {"Who.2.UserId": "c"}).encode()), ParameterInvalid),
    ],
)
def test_what_cannot_be_a_call_is_refused(request_: HttpRequest, error: type[TailraceError]) -> None:
    with pytest.raises(error):
        decode(request_)


@pytest.mark.parametrize("name", ["Action", "Version", "Timestamp", "Nonce", "SecretId", "Signature"])
def test_a_common_field_that_is_missing_is_named(name: str) -> None:
    fields = urlencode({key: value for key, value in V1.items() if key != name}).encode()

    with pytest.raises(ParameterMissing) as refused:
        decode(HttpRequest("POST", FORM, b"", fields))

    assert refused.value.path == name


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (HttpRequest("POST", {b"x-tc-language": b"zh-CN"}, b"", b"{"), "zh-CN"),
        (HttpRequest("POST", {b"x-tc-language": b"en-US"}, b"", b"Language=zh-CN"), "en-US"),
        (HttpRequest("GET", {}, urlencode(V1).encode()), "zh-CN"),
        (HttpRequest("POST", FORM, b"", urlencode(V1).encode()), "zh-CN"),
        (HttpRequest("GET", {}, b"Action=x&XLanguage=zh-CN"), ""),
        (HttpRequest("GET", {}, b"Language=zh-CNX"), ""),
        (HttpRequest("POST", {}, b"", b"{}"), ""),
    ],
)
def test_the_language_is_known_before_the_rest(request_: HttpRequest, expected: str) -> None:
    assert language(request_) == expected
