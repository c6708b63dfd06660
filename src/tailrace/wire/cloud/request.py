"""A call of the Cloud API before anybody knows whether to trust it: an HTTP request taken apart (spec/01 sections 1-5).

`decode` finds out how the call is signed, where its parameters stand, and makes both signatures' forms look alike to
what comes after: JSON bodies and flattened `A.0.B` fields both become nested values. It verifies nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.errors import AuthorizationMalformed, BodyMalformed, ParameterInvalid, ParameterMissing, SignatureMismatch
from tailrace.wire.cloud.form import parse_form, unflatten
from tailrace.wire.cloud.json_body import Json, parse_json

_FORM, _JSON, _MULTIPART = b"application/x-www-form-urlencoded", b"application/json", b"multipart/form-data"

# Fields of a v1 request that belong to every call, not to the action (spec/01 section 2.2).
_COMMON_FIELDS = frozenset(
    (
        "Action",
        "Version",
        "Timestamp",
        "Nonce",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Region",
        "Token",
        "Language",
        "RequestClient",
    )
)

# A v1 form is searched for its language only so far; SDKs send the field among the first, and a text is no promise.
_LANGUAGE_WITHIN = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. Header names are lower case; `query` is what stood after `?`, as received."""

    method: str
    headers: Mapping[bytes, bytes]
    query: bytes = b""
    body: bytes = b""

    @property
    def host(self) -> bytes:
        """The Host header as received, with its port."""
        return self.headers.get(b"host", b"")


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for. `v1` holds all fields of a v1 call, as they were signed; a TC3 call has None there.

    `text` tells that the parameters came as text (form or query) and are still to be converted to their types.
    """

    action: str
    version: str
    timestamp: int
    region: str
    token: str
    parameters: dict[str, Json]
    text: bool
    v1: Mapping[str, str] | None = None


def language(request: HttpRequest) -> str:
    """Return the language that the caller asked for, before anything else of the request is understood."""
    header = request.headers.get(b"x-tc-language")
    if header is not None:
        return header.decode("latin-1")
    fields = (request.query or request.body[:_LANGUAGE_WITHIN]).split(b"&")
    return "zh-CN" if b"Language=zh-CN" in fields else ""


def decode(request: HttpRequest) -> Call:
    """Take `request` apart. Raises the error of the first common parameter that is absent, in spec/01's order."""
    if b"authorization" in request.headers:
        return _decode_tc3(request)
    if request.method == "GET":
        fields = parse_form(request.query)
        if "Signature" in fields or b"x-tc-action" not in request.headers:
            return _decode_v1(fields)
        return _decode_tc3(request)
    kind = _content_type(request)
    if kind == _FORM:
        return _decode_v1(parse_form(request.body))
    if kind == _JSON and b"Signature=" in request.query:
        # A v1 signature covers the query only: a body beside it could be anybody's.
        if parse_json(request.body or b"{}"):
            raise SignatureMismatch("a signature in the query does not cover a JSON body")
        return _decode_v1(parse_form(request.query))
    return _decode_tc3(request)


def _decode_tc3(request: HttpRequest) -> Call:
    if request.method == "GET":
        parameters, text = unflatten(parse_form(request.query)), True
    else:
        kind = _content_type(request)
        if kind == _MULTIPART:
            raise BodyMalformed("this action does not take multipart/form-data")
        if kind != _JSON:
            raise BodyMalformed("a POST signed with TC3-HMAC-SHA256 has the content type application/json")
        parameters, text = parse_json(request.body), False
    action, version = _header(request, b"x-tc-action"), _header(request, b"x-tc-version")
    for name, value in (("X-TC-Action", action), ("X-TC-Version", version)):
        if not value:
            raise ParameterMissing(name)
    timestamp = _timestamp("X-TC-Timestamp", _header(request, b"x-tc-timestamp"))
    if not request.headers.get(b"authorization"):
        raise AuthorizationMalformed("the Authorization header is missing")
    return Call(
        action=action,
        version=version,
        timestamp=timestamp,
        region=_header(request, b"x-tc-region"),
        token=_header(request, b"x-tc-token"),
        parameters=parameters,
        text=text,
    )


def _decode_v1(fields: dict[str, str]) -> Call:
    for name in ("Action", "Version", "Timestamp", "Nonce", "SecretId", "Signature"):
        if not fields.get(name):
            raise ParameterMissing(name)
    nonce = fields["Nonce"]
    if not (nonce.isascii() and nonce.isdecimal()):
        raise ParameterInvalid("Nonce", "expected a positive integer")
    return Call(
        action=fields["Action"],
        version=fields["Version"],
        timestamp=_timestamp("Timestamp", fields["Timestamp"]),
        region=fields.get("Region", ""),
        token=fields.get("Token", ""),
        parameters=unflatten({name: value for name, value in fields.items() if name not in _COMMON_FIELDS}),
        text=True,
        v1=fields,
    )


def _content_type(request: HttpRequest) -> bytes:
    return request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _header(request: HttpRequest, name: bytes) -> str:
    return request.headers.get(name, b"").decode("latin-1").strip()


def _timestamp(name: str, text: str) -> int:
    if not text:
        raise ParameterMissing(name)
    # Twelve digits reach the year 33658; longer ones are not seconds.
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise ParameterInvalid(name, "expected Unix seconds")
    return int(text)
