"""RTMP addresses: what to dial, and which part of it is the application and which the stream key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, unquote_plus, urlsplit

from tailrace.errors import CallerError
from tailrace.secret import STARS, Secret

_PORTS: Final = {"rtmp": 1935, "rtmps": 443}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
# Twice the longest known push URL, which holds a UserSig; tcUrl and the command around it fit the server's limits.
_MAX_LENGTH: Final = 4096
# A shorter value of a query, such as `type=1`, is no secret, and starring it would make words unreadable.
_MIN_SECRET: Final = 4


@dataclass(frozen=True, slots=True)
class RtmpUrl:
    """Where to publish to or play from. `name` is the stream key with its query. `str` and `repr` show stars."""

    tls: bool
    host: str
    port: int
    app: str
    name: Secret

    @property
    def tc_url(self) -> str:
        """The address of the application, as the connect command names it. It may hold a secret in `app`'s query."""
        return f"{self._place}/{self.app}"

    def hide(self, text: str, length: int) -> str:
        """Return what a server said as one printable line of at most `length` characters, without what is secret here.

        That is the stream key, its name, and each value of its query and of the application's, also when the server
        has decoded or encoded them, or changed their case.
        """
        forms = {
            form for part in self._secrets() for form in (part, unquote(part), unquote_plus(part), quote(part, ""))
        }
        # The longest first, since one may hold another. A short one is starred only where it is a word.
        patterns = (
            re.escape(form) if len(form) >= _MIN_SECRET else rf"(?<!\w){re.escape(form)}(?!\w)"
            for form in sorted(filter(None, forms), key=len, reverse=True)
        )
        text = re.sub("|".join(patterns), STARS, text, flags=re.IGNORECASE)
        return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:length]

    def __str__(self) -> str:
        return f"{self._place}/{STARS}"

    def __repr__(self) -> str:
        return f"RtmpUrl({self})"

    def _secrets(self) -> Iterator[str]:
        yield self.name.reveal()
        yield self.name.reveal().partition("?")[0]
        for text in (self.name.reveal(), self.app):
            query = text.partition("?")[2]
            for field in (query, *query.split("&")):
                value = field.partition("=")[2] or field
                yield from (part for part in (field, value) if len(part) >= _MIN_SECRET)

    @property
    def _place(self) -> str:
        scheme = "rtmps" if self.tls else "rtmp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}" + ("" if self.port == _PORTS[scheme] else f":{self.port}")


def parse(url: str | Secret) -> RtmpUrl:
    """Read `rtmp[s]://host[:port]/app/name?query`. Raises CallerError, whose text never holds the path.

    A path of more than two parts is cut like ffmpeg and librtmp do: `app/instance/name`, and further slashes belong to
    the name. A query before the name (`app?query/name`) stays with the application.
    """
    text = url.reveal() if isinstance(url, Secret) else url
    if len(text) > _MAX_LENGTH or _UNPRINTABLE.search(text):
        raise CallerError(f"a push address has at most {_MAX_LENGTH} characters and no blanks")
    parts, port = _split(text)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise CallerError("a push address begins with rtmp:// or rtmps:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise CallerError("a push address has no user, password or fragment")
    app, name = _app_and_name(parts)
    if not app or not name:
        raise CallerError("a push address has the form rtmp://host/app/name")
    return RtmpUrl(scheme == "rtmps", parts.hostname, port or _PORTS[scheme], app, Secret(name))


def requested(app: str, name: str) -> tuple[str, str, str]:
    """Return application, name and query of what a client asks for, wherever it had cut the address.

    `push` + `room?x=y` (ffmpeg, OBS with a key), `push/room?x=y` + nothing (OBS without a key), `push?x=y` + `room`
    (query with the application) and `push/room?x=a` + `b` (cut at a slash inside the query) are told apart.
    """
    app_path, app_mark, app_query = app.partition("?")
    app_path = app_path.strip("/")
    if app_mark and name and "/" in app_path and "?" not in name:
        app_query, name = f"{app_query}/{name}", ""
    name_path, _, name_query = name.partition("?")
    path = "/".join(part for part in (app_path, name_path.strip("/")) if part)
    first, _, rest = path.partition("/")
    return first, rest, "&".join(part for part in (app_query, name_query) if part)


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError:
        # The original error quotes the address.
        raise CallerError("a push address has a valid host and port") from None


def _app_and_name(parts: SplitResult) -> tuple[str, str]:
    query = f"?{parts.query}" if parts.query else ""
    pieces = parts.path.lstrip("/").split("/", 2)
    if len(pieces) == 1:
        before, _, after = query.rpartition("/")
        return pieces[0] + before, after
    app = "/".join(pieces[:-1])
    return app, pieces[-1] + query
