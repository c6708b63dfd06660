"""TC3-HMAC-SHA256: the printed vector, what signs differently and is right, and what is wrong."""

import hashlib

import pytest

from tailrace.errors import AuthorizationMalformed, SignatureMismatch
from tailrace.secret import Secret
from tailrace.wire.cloud import tc3
from tailrace.wire.cloud.request import HttpRequest

# spec/01 section 3.2
KEY = Secret("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
TIME = 1551113065
BODY = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
HEADERS = {b"content-type": b"application/json; charset=utf-8", b"host": b"cvm.tencentcloudapi.com"}
SIGNATURE = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
CREDENTIAL = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request"
AUTHORIZATION = (
    f"TC3-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=content-type;host, Signature={SIGNATURE}"
).encode()
REQUEST = HttpRequest("POST", HEADERS, b"", BODY)


def authorization(request: HttpRequest, signed: str = "content-type;host", service: str = "trtc") -> tc3.Authorization:
    """Sign `request` like the SDKs do: header values verbatim."""
    names = [name.encode() for name in sorted(signed.split(";"))]
    payload = b"" if request.method == "GET" else request.body
    if b"x-tc-content-sha256" in request.headers:
        payload = b"UNSIGNED-PAYLOAD"
    canonical = tc3.canonical_request(
        request.method,
        request.query,
        [(name, request.headers[name]) for name in names],
        hashlib.sha256(payload).hexdigest().encode(),
    )
    signature = tc3.sign(KEY, TIME, service, canonical)
    return tc3.Authorization("AKID", "2019-02-25", service, tuple(names), signature)


def test_each_step_is_the_one_of_the_specification() -> None:
    payload = hashlib.sha256(BODY).hexdigest().encode()
    canonical = tc3.canonical_request("POST", b"", HEADERS.items(), payload)

    assert payload == b"35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    assert hashlib.sha256(canonical).hexdigest() == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    assert tc3.sign(KEY, TIME, "cvm", canonical) == SIGNATURE


def test_the_printed_request_is_verified() -> None:
    tc3.verify(REQUEST, tc3.Authorization.parse(AUTHORIZATION), TIME, KEY)


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", HEADERS, b"", BODY + b" "),
        HttpRequest("GET", HEADERS, b"", BODY),
        HttpRequest("POST", HEADERS | {b"host": b"other.example"}, b"", BODY),
        HttpRequest("POST", HEADERS | {b"content-type": b"application/json"}, b"", BODY),
        HttpRequest("POST", {b"host": HEADERS[b"host"]}, b"", BODY),
    ],
)
def test_a_tampered_request_is_refused(request_: HttpRequest) -> None:
    with pytest.raises(SignatureMismatch):
        tc3.verify(request_, tc3.Authorization.parse(AUTHORIZATION), TIME, KEY)


def test_another_key_is_refused() -> None:
    with pytest.raises(SignatureMismatch):
        tc3.verify(REQUEST, tc3.Authorization.parse(AUTHORIZATION), TIME, Secret("other"))


def test_a_local_date_is_refused() -> None:
    local = AUTHORIZATION.replace(b"2019-02-25", b"2019-02-26")

    with pytest.raises(SignatureMismatch, match="UTC date"):
        tc3.verify(REQUEST, tc3.Authorization.parse(local), TIME, KEY)


def test_a_query_is_verified_as_it_came() -> None:
    headers = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"127.0.0.1:8930"}
    sent = HttpRequest("GET", headers, b"B=a+b&A=%2f&C=")

    tc3.verify(sent, authorization(sent), TIME, KEY)
    with pytest.raises(SignatureMismatch):
        tc3.verify(HttpRequest("GET", headers, b"B=a%20b&A=%2F&C="), authorization(sent), TIME, KEY)


def test_a_payload_may_be_left_unsigned() -> None:
    sent = HttpRequest("POST", HEADERS | {b"x-tc-content-sha256": b"UNSIGNED-PAYLOAD"}, b"", b"anything")

    tc3.verify(sent, authorization(sent), TIME, KEY)


@pytest.mark.parametrize("service", ["trtc", "127", "media"])
def test_any_service_label_is_what_the_key_is_derived_from(service: str) -> None:
    tc3.verify(REQUEST, authorization(REQUEST, service=service), TIME, KEY)


@pytest.mark.parametrize("lowered", [False, True])
def test_header_values_are_signed_verbatim_or_in_lower_case(lowered: bool) -> None:
    headers = {b"content-type": b"application/json", b"host": b"Media.Example", b"x-tc-action": b"StopPublishCdnStream"}
    as_signed = {name: value.lower() if lowered else value for name, value in headers.items()}
    given = authorization(HttpRequest("POST", as_signed, b"", BODY), "content-type;host;x-tc-action")

    tc3.verify(HttpRequest("POST", headers, b"", BODY), given, TIME, KEY)


def test_the_order_and_case_of_signed_headers_do_not_matter() -> None:
    mixed = AUTHORIZATION.replace(b"content-type;host", b"Host;Content-Type")

    tc3.verify(REQUEST, tc3.Authorization.parse(mixed), TIME, KEY)


@pytest.mark.parametrize("between", [b",", b",   ", b" ,\t"])
def test_white_space_after_commas_is_free(between: bytes) -> None:
    assert tc3.Authorization.parse(AUTHORIZATION.replace(b", ", between)).signature == SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"SKIP",
        b"Bearer abc",
        AUTHORIZATION.replace(b"tc3_request", b"tc4_request"),
        AUTHORIZATION.replace(b"content-type;host", b"content-type"),
        AUTHORIZATION.replace(b"content-type;host", b"host;x-tc-action"),
        AUTHORIZATION[:-1],
        AUTHORIZATION + b"0",
        AUTHORIZATION.replace(b"2019-02-25", b"today"),
        AUTHORIZATION.replace(b"2019-02-25", "\uff12\uff10\uff11\uff19-02-25".encode()),
    ],
)
def test_another_form_of_the_header_is_refused(header: bytes) -> None:
    with pytest.raises(AuthorizationMalformed):
        tc3.Authorization.parse(header)
