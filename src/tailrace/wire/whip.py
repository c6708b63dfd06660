"""WHIP and WHEP as HTTP: content types, headers, and the statuses of both families (RFC 9725, spec/05 section 4)."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Final

from tailrace.errors import (
    AppUnknown,
    BusError,
    CallerError,
    OfferUnusable,
    ParameterMissing,
    PeerError,
    SessionsFull,
    SessionUnknown,
    StreamTaken,
    StreamUnknown,
    TailraceError,
    TaskNotFound,
    UserSessionsFull,
    UserSigForAnother,
    UserSigRejected,
)

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"

# An offer of a browser with all its codecs has 6 to 12 KB.
MAX_BODY_BYTES: Final = 64 * 1024
# What a client is told to wait for when the server cannot take it at the moment: a bus that was restarted is back.
RETRY_AFTER: Final = 2

# Nothing here goes by cookies, so pages of every origin may call; a browser shows them only the headers named.
CORS: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After, WWW-Authenticate, Accept-Post, Accept-Patch",
}
PREFLIGHT: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    # A day; browsers cap it as they like.
    "Access-Control-Max-Age": "86400",
}

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/*]+=*)", re.IGNORECASE)
_ETAGS = re.compile(r'(W/)?("[\x21\x23-\x7e]*")')


class Family(Enum):
    """Which of Tencent's two address families is spoken: v2 with a bearer token, v1 with all in the query."""

    V1 = "v1"
    V2 = "v2"


def status_of(error: TailraceError, family: Family) -> HTTPStatus:
    """Return the status that `error` is answered with. The table of v1 has fewer than that of v2."""
    v2 = family is Family.V2
    match error:
        case UserSigForAnother():
            return HTTPStatus.FORBIDDEN
        case UserSigRejected() | ParameterMissing(path="Authorization" | "usersig"):
            return HTTPStatus.UNAUTHORIZED if v2 else HTTPStatus.FORBIDDEN
        case AppUnknown() | SessionUnknown() | StreamUnknown() | TaskNotFound():
            return HTTPStatus.NOT_FOUND
        case StreamTaken():
            return HTTPStatus.CONFLICT
        case OfferUnusable():
            return HTTPStatus.UNPROCESSABLE_ENTITY if v2 else HTTPStatus.BAD_REQUEST
        case UserSessionsFull():
            return HTTPStatus.TOO_MANY_REQUESTS
        case SessionsFull() | BusError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case CallerError() | PeerError():
            return HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR


def headers_of(status: HTTPStatus) -> Mapping[str, str]:
    """Return the headers that an answer with `status` has besides."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": "Bearer"}
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
            return {"Retry-After": str(RETRY_AFTER)}
    return {}


def bearer(authorization: str) -> str:
    """Return the token of an Authorization header (RFC 6750 section 2.1); empty when it is none.

    A UserSig has `*` in it, which the grammar of RFC 6750 leaves out.
    """
    found = _BEARER.fullmatch(authorization.strip())
    return found[1] if found else ""


def is_type(content_type: str, expected: str) -> bool:
    """Whether a Content-Type header says `expected`, whatever its parameters and case."""
    return content_type.partition(";")[0].strip().lower() == expected


def matches(if_match: str, etag: str) -> bool:
    """Whether an If-Match header holds for `etag`, which is strong and has its quotes (RFC 9110 section 13.1.1)."""
    if if_match.strip() == "*":
        return True
    return any(not weak and tag == etag for weak, tag in _ETAGS.findall(if_match))


def ice_link(url: str, username: str = "", credential: str = "") -> str:
    """Return the Link header that hands out a STUN or TURN server (RFC 9725 section 4.6)."""
    parameters = ['rel="ice-server"']
    if username:
        parameters += [f"username={_quoted(username)}", f"credential={_quoted(credential)}"]
        parameters.append('credential-type="password"')
    return "; ".join((f"<{url}>", *parameters))


def allow(methods: Sequence[str]) -> Mapping[str, str]:
    """Return the header of a 405 and of OPTIONS that names `methods`."""
    return {"Allow": ", ".join(methods)}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
