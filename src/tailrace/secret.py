"""`Secret`: text that prints as stars. A key, a token, a UserSig, or a push URL whose path is a stream key."""

import hmac
from urllib.parse import urlsplit

STARS = "***"


class Secret:
    """Holds a secret text. Only `reveal()` gives it out; `str`, `repr`, f-strings and logs show stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself; call it where it is used, never where it is shown."""
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __str__(self) -> str:
        return STARS

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class _Address(Secret):
    """A URL whose scheme and host may be shown, and nothing else of it."""

    __slots__ = ()

    def __str__(self) -> str:
        try:
            parts = urlsplit(self._text)
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return STARS
        host = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{host}{port}/{STARS}"


class PushUrl(_Address):
    """A push URL: its path and query are a stream key."""

    __slots__ = ()


class ImageUrl(_Address):
    """Where an image is downloaded from: its query may be a signature that lets anybody in."""

    __slots__ = ()


class CallbackUrl(_Address):
    """Where callbacks go: its path and query may hold a token of the receiver."""

    __slots__ = ()
