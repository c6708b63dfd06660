"""TC3-HMAC-SHA256, the signature in the Authorization header: made and verified (spec/01 section 3)."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from tailrace.errors import AuthorizationMalformed, SignatureMismatch
from tailrace.secret import Secret
from tailrace.wire.cloud.request import HttpRequest

ALGORITHM = "TC3-HMAC-SHA256"
UNSIGNED_PAYLOAD = b"UNSIGNED-PAYLOAD"

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256\s+Credential=(?P<secret_id>[^/,]{1,256})/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[^/,\s]{1,256})"
    r"/tc3_request\s*,\s*SignedHeaders=(?P<headers>[!-+\--~]{1,2048})\s*,\s*Signature=(?P<signature>[0-9a-f]{64})\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an Authorization header."""

    secret_id: str
    date: str
    service: str
    signed_headers: tuple[bytes, ...]
    signature: str

    @classmethod
    def parse(cls, header: bytes) -> "Authorization":
        """Read the header. Raises AuthorizationMalformed, also when Content-Type or Host is not among the signed."""
        found = _AUTHORIZATION.fullmatch(header.decode("latin-1").strip())
        if found is None:
            raise AuthorizationMalformed("the Authorization header is not of the form TC3-HMAC-SHA256 requires")
        names = tuple(name.encode() for name in found["headers"].lower().split(";"))
        if not {b"content-type", b"host"}.issubset(names):
            raise AuthorizationMalformed("SignedHeaders lacks content-type or host")
        return cls(found["secret_id"], found["date"], found["service"], names, found["signature"])


def verify(request: HttpRequest, given: Authorization, timestamp: int, key: Secret) -> None:
    """Raise SignatureMismatch unless `given` was made with `key` over `request`.

    The documentation lower-cases header values, the SDKs do not: either form is accepted (spec/01 section 3).
    """
    if given.date != utc_date(timestamp):
        raise SignatureMismatch("the date in the credential scope is not the UTC date of the timestamp")
    if any(name not in request.headers for name in given.signed_headers):
        raise SignatureMismatch("a signed header is absent")
    payload = _payload_hash(request)
    headers = [(name, request.headers[name].strip()) for name in sorted(given.signed_headers)]
    lowered = [(name, value.lower()) for name, value in headers]
    for form in [lowered] if lowered == headers else [lowered, headers]:
        canonical = canonical_request(request.method, request.query, form, payload)
        expected = sign(key, timestamp, given.service, canonical)
        if hmac.compare_digest(expected, given.signature):
            return
    raise SignatureMismatch("the signature does not match")


def canonical_request(method: str, query: bytes, headers: Iterable[tuple[bytes, bytes]], payload_hash: bytes) -> bytes:
    """Return step 1. `headers` are the signed ones, sorted by name; the raw query counts for GET only."""
    headers = list(headers)
    return b"\n".join(
        (
            method.encode(),
            b"/",
            query if method == "GET" else b"",
            b"".join(b"%b:%b\n" % header for header in headers),
            b";".join(name for name, _ in headers),
            payload_hash,
        )
    )


def sign(key: Secret, timestamp: int, service: str, canonical: bytes) -> str:
    """Return steps 2 and 3: the signature in lower-case hexadecimal."""
    date = utc_date(timestamp)
    digest = hashlib.sha256(canonical).hexdigest()
    text = f"{ALGORITHM}\n{timestamp}\n{date}/{service}/tc3_request\n{digest}"
    return _hmac(_signing_key(key, date, service), text).hex()


# One key signs with the same derived key all day, and with a timestamp for a second: three quarters of the work.
@lru_cache(maxsize=256)
def _signing_key(key: Secret, date: str, service: str) -> bytes:
    secret = b"TC3" + key.reveal().encode()
    for step in (date, service, "tc3_request"):
        secret = _hmac(secret, step)
    return secret


@lru_cache(maxsize=256)
def utc_date(timestamp: int) -> str:
    """Return the UTC date of Unix seconds as `YYYY-MM-DD`. Raises SignatureMismatch beyond the year 9999."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError) as error:
        raise SignatureMismatch("the timestamp has no date") from error


def _payload_hash(request: HttpRequest) -> bytes:
    if request.headers.get(b"x-tc-content-sha256") == UNSIGNED_PAYLOAD:
        payload = UNSIGNED_PAYLOAD
    else:
        payload = b"" if request.method == "GET" else request.body
    return hashlib.sha256(payload).hexdigest().encode()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1"), "sha256")
