"""UserSig (TLS 2.0, HMAC-SHA256): made and checked (spec/05 section 2)."""

import base64
import binascii
import hmac
import json
import zlib
from dataclasses import dataclass

from tailrace.errors import UserSigForAnother, UserSigRejected
from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret

VERSION = "2.0"
# Clocks of token makers run ahead; our choice where the documents are silent.
FUTURE_TOLERANCE = 300
# A UserSig with a userbuf is about 300 bytes of JSON; the limit keeps a small text from inflating without end.
MAX_JSON_BYTES = 16 * 1024
MAX_TEXT_BYTES = 16 * 1024

_TO_QUERY = str.maketrans("+/=", "*-_")
_FROM_QUERY = str.maketrans("*-_", "+/=")


@dataclass(frozen=True, slots=True)
class UserSig:
    """The content of a checked UserSig. Times are Unix seconds; `userbuf`, empty without one, is a PrivateMapKey's."""

    app: SdkAppId
    user: UserId
    time: int
    lifetime: int
    userbuf: bytes = b""


def make(app: SdkAppId, key: Secret, user: UserId, now: int, lifetime: int, userbuf: bytes = b"") -> Secret:
    """Return a UserSig for `user`, valid from `now` (Unix seconds) for `lifetime` seconds."""
    content = UserSig(app, user, now, lifetime, userbuf)
    fields: dict[str, str | int] = {
        "TLS.ver": VERSION,
        "TLS.identifier": user,
        "TLS.sdkappid": app,
        "TLS.expire": lifetime,
        "TLS.time": now,
        "TLS.sig": signature(content, key),
    }
    if userbuf:
        fields["TLS.userbuf"] = base64.b64encode(userbuf).decode()
    packed = zlib.compress(json.dumps(fields).encode())
    return Secret(base64.b64encode(packed).decode().translate(_TO_QUERY))


def check(text: str, app: SdkAppId, key: Secret, user: UserId, now: float) -> UserSig:
    """Return what `text` says, if it was made with `key` for `user` of `app` and is valid at `now` (Unix seconds).

    Raises UserSigRejected with the reason; the text itself is never part of it. UserSigForAnother: it is valid for
    another user.
    """
    found, given = _open(text)
    if found.app != app:
        raise UserSigRejected("the UserSig was made for another SdkAppId")
    if not hmac.compare_digest(signature(found, key).encode(), given.encode()):
        raise UserSigRejected("the UserSig's signature does not match the app's key")
    if found.time > now + FUTURE_TOLERANCE:
        raise UserSigRejected("the UserSig is not valid yet")
    if found.time + found.lifetime < now:
        raise UserSigRejected("the UserSig has expired")
    if found.user != user:
        raise UserSigForAnother("the UserSig was made for another user")
    return found


def signature(content: UserSig, key: Secret) -> str:
    """Return `TLS.sig` for `content`."""
    lines = [
        f"TLS.identifier:{content.user}",
        f"TLS.sdkappid:{content.app}",
        f"TLS.time:{content.time}",
        f"TLS.expire:{content.lifetime}",
    ]
    if content.userbuf:
        lines.append(f"TLS.userbuf:{base64.b64encode(content.userbuf).decode()}")
    signed = "".join(f"{line}\n" for line in lines)
    return base64.b64encode(hmac.digest(key.reveal().encode(), signed.encode(), "sha256")).decode()


def _open(text: str) -> tuple[UserSig, str]:
    try:
        fields = json.loads(_inflate(text))
        version, given = fields["TLS.ver"], fields["TLS.sig"]
        app, user = fields["TLS.sdkappid"], fields["TLS.identifier"]
        time, lifetime = fields["TLS.time"], fields["TLS.expire"]
        userbuf = base64.b64decode(fields.get("TLS.userbuf", ""), validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        raise UserSigRejected("the UserSig is malformed") from error
    numbers_are_numbers = all(type(number) is int for number in (app, time, lifetime))
    if not (numbers_are_numbers and isinstance(user, str) and isinstance(given, str)):
        raise UserSigRejected("the UserSig is malformed")
    try:
        user.encode(), given.encode()
    except UnicodeEncodeError as error:  # "\ud800" is valid JSON, yet no text
        raise UserSigRejected("the UserSig is malformed") from error
    if version != VERSION:
        raise UserSigRejected(f"the UserSig is not of version {VERSION}")
    return UserSig(SdkAppId(app), UserId(user), time, lifetime, userbuf), given


def _inflate(text: str) -> bytes:
    if len(text) > MAX_TEXT_BYTES:
        raise UserSigRejected("the UserSig is too long")
    try:
        packed = base64.b64decode(text.translate(_FROM_QUERY), validate=True)
    except binascii.Error as error:
        raise UserSigRejected("the UserSig is malformed") from error
    inflater = zlib.decompressobj()
    data = inflater.decompress(packed, MAX_JSON_BYTES)
    if not inflater.eof:
        raise UserSigRejected("the UserSig is cut short, or inflates to too much")
    return data
