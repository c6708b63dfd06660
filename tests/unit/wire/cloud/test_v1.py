"""Signature v1: the printed vector, and which parts of a request it covers."""

import pytest

from tailrace.errors import SignatureMismatch
from tailrace.secret import Secret
from tailrace.wire.cloud import v1

# spec/01 section 4
KEY = Secret("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
HOST = b"cvm.tencentcloudapi.com"
FIELDS = {
    "Timestamp": "1465185768",
    "SecretId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "Action": "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    "Limit": "20",
    "Nonce": "11886",
    "Offset": "0",
    "Region": "ap-guangzhou",
    "Version": "2017-03-12",
    "Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI=",
}


def test_the_printed_request_is_verified() -> None:
    v1.verify("GET", HOST, FIELDS, KEY)


def test_hmac_sha256_is_used_when_it_is_named() -> None:
    fields = FIELDS | {"SignatureMethod": "HmacSHA256"}
    fields["Signature"] = v1.sign(KEY, v1.string_to_sign("POST", HOST, fields), "HmacSHA256")

    v1.verify("POST", HOST, fields, KEY)
    assert len(fields["Signature"]) == 44


@pytest.mark.parametrize("method", ["", "HmacSHA1", "hmacsha256", "MD5"])
def test_every_other_method_means_hmac_sha1(method: str) -> None:
    fields = FIELDS | {"SignatureMethod": method}
    fields["Signature"] = v1.sign(KEY, v1.string_to_sign("GET", HOST, fields), "HmacSHA1")

    v1.verify("GET", HOST, fields, KEY)


def test_names_are_sorted_as_text_and_values_stay_as_they_are() -> None:
    fields = {"A.2": "x y", "A.12": "a+b", "A": "ü"}

    assert v1.string_to_sign("GET", b"h:1", fields) == "GETh:1/?A=ü&A.12=a+b&A.2=x y".encode()


@pytest.mark.parametrize(
    ("method", "host", "change"),
    [
        ("POST", HOST, {}),
        ("GET", b"other", {}),
        ("GET", HOST, {"Limit": "21"}),
        ("GET", HOST, {"More": "1"}),
        ("GET", HOST, {"Signature": ""}),
        ("GET", HOST, {"Signature": "ü"}),
    ],
)
def test_a_tampered_request_is_refused(method: str, host: bytes, change: dict[str, str]) -> None:
    with pytest.raises(SignatureMismatch):
        v1.verify(method, host, FIELDS | change, KEY)
