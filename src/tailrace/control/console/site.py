"""Site: under which names the console is reached, and whether a request comes from one of its own pages."""

import re
from collections.abc import Mapping

from tailrace.errors import CrossSite, ParameterInvalid

# A host as browsers write it, with its port: it comes back in addresses and headers.
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
_SAME = "same-origin"


class Site:
    """`url` is where browsers find the console when a proxy is in front, empty: at this server's own address."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS, as far as we were told."""
        return self._url.startswith("https:")

    def host(self, headers: Mapping[str, str]) -> str:
        """Return `host:port` that the browser used. Raises ParameterInvalid."""
        host = self._url.partition("://")[2] or headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise ParameterInvalid("Host", "expected the name of a host")
        return host

    def port(self, headers: Mapping[str, str]) -> str:
        """Return the port that the browser used, empty: that of the scheme. Raises ParameterInvalid."""
        found = _HOST.fullmatch(self.host(headers))
        return (found and found["port"]) or ""

    def origin(self, headers: Mapping[str, str]) -> str:
        """Return where the browser found us, as `scheme://host:port`. Raises ParameterInvalid."""
        return self._url or f"http://{self.host(headers)}"

    def address(self, headers: Mapping[str, str], peer: str) -> str:
        """Return the browser's IP address: `peer`'s, or what the proxy says."""
        return headers.get("x-forwarded-for", peer).rpartition(",")[2].strip() if self._url else peer

    def check_read(self, headers: Mapping[str, str]) -> None:
        """Raise CrossSite when another site's page asks, as far as its browser tells."""
        if headers.get("sec-fetch-site", _SAME) not in (_SAME, "none"):
            raise CrossSite("the console answers its own pages only")

    def check_write(self, headers: Mapping[str, str]) -> None:
        """Raise CrossSite unless one of our pages asks, and ParameterInvalid for anything but JSON.

        Of an Origin the host counts: behind a proxy that nobody told us of, its scheme is not ours.
        """
        self.check_read(headers)
        origin = headers.get("origin")
        if origin is None and headers.get("sec-fetch-site") != _SAME:
            raise CrossSite("a change needs an Origin")
        if origin is not None and re.sub("^https?://", "", origin) != self.host(headers):
            raise CrossSite("the console answers its own pages only")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ParameterInvalid("Content-Type", "expected application/json")


def name_of(host: str) -> str:
    """Return a `host:port` without its port."""
    found = _HOST.fullmatch(host)
    return found["name"] if found else ""
