"""Cookie: a session that the browser keeps. It is signed with a key of its account, so the server stores nothing.

Whoever changes the SecretKey ends all sessions that it has opened.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from tailrace.errors import SessionMissing
from tailrace.secret import Secret

# One working day: who comes back in the morning signs in again.
LIFETIME = 12 * 3600
# A SecretId has 128 characters at most; anything longer is not ours.
MAX_COOKIE = 1024
# What is signed with a SecretKey elsewhere, requests of the API, begins with other bytes and another key.
_CONTEXT = b"tailrace console session 1"
_ENDED = "sign in: there is no session, or it has ended"


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, until the Unix time `expires`."""

    secret_id: str
    expires: int


def seal(session: Session, key: Secret) -> str:
    """Return the cookie's value for a session of the account whose SecretKey is `key`."""
    content = _encode(json.dumps([session.secret_id, session.expires]).encode())
    return f"{content}.{_encode(_sign(content, key))}"


def claimed(cookie: str) -> Session:
    """Return what a cookie says; `check` tells whether that is true. Raises SessionMissing."""
    try:
        if len(cookie) > MAX_COOKIE:
            raise ValueError
        secret_id, expires = json.loads(_decode(cookie.partition(".")[0]))
        secret_id.encode()
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SessionMissing(_ENDED) from error
    if not isinstance(secret_id, str) or type(expires) is not int:
        raise SessionMissing(_ENDED)
    return Session(secret_id, expires)


def check(cookie: str, key: Secret, now: float) -> None:
    """Raise SessionMissing unless `cookie` was made with `key` and is valid at `now` (Unix seconds)."""
    content, _, signature = cookie.partition(".")
    made = _encode(_sign(content, key))
    if not hmac.compare_digest(made.encode(), signature.encode(errors="replace")) or claimed(cookie).expires <= now:
        raise SessionMissing(_ENDED)


def _sign(content: str, key: Secret) -> bytes:
    own = hmac.digest(key.reveal().encode(), _CONTEXT, hashlib.sha256)
    return hmac.digest(own, content.encode(errors="replace"), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not Base64") from error
