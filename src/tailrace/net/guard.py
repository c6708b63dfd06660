"""Guard: which addresses that a caller names may be dialled, decided on what the name resolves to, once."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from tailrace.errors import AddressForbidden, DestinationNameUnknown

Address = IPv4Address | IPv6Address

# RFC 6052: the well-known prefix, whose last 32 bits are an IPv4 address.
_NAT64: Final = ip_network("64:ff9b::/96")
# Not public although Python's table (IANA's registry, which changes with Python's version) does not say so everywhere.
_FORBIDDEN: Final = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # the metadata service of Azure, inside of the public range
        "192.0.0.0/24",  # protocol assignments; the metadata service of Oracle
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # NAT64 for local use, RFC 8215
        "2001::/23",  # protocol assignments, among them Teredo
        "fec0::/10",  # site-local
    )
)
# A hostile zone could name thousands; trying more than a few makes no sense.
_MAX_ADDRESSES: Final = 8


class Guard:
    """Lets public addresses pass, and those of the networks in `allow` (`destinations.allow_private`)."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = tuple(ip_network(network) for network in allow)

    async def resolve(self, host: str, port: int, timeout: float = 5.0) -> tuple[str, ...]:
        """Return the addresses to connect to, in the resolver's order; all of them are allowed.

        `timeout` is in seconds. Raises AddressForbidden if one address is not allowed (a name that mixes public and
        private addresses is an attack or a mistake), DestinationNameUnknown if there is none. Both name the host.
        """
        try:
            literal = _plain(ip_address(host))
        except ValueError:
            addresses = await _resolved(host, port, timeout)
        else:
            addresses = (literal,)
        for address in addresses:
            self.check(address, host)
        return tuple(str(address) for address in addresses)

    def check(self, address: Address, host: str) -> None:
        """Raise AddressForbidden, which names `host`, unless `address` may be dialled."""
        if not self._allowed(_plain(address)):
            at = "" if str(address) == host else f" is at {address}, which"
            raise AddressForbidden(
                f"{host}{at} is not a public address, and destinations.allow_private does not list it"
            )

    def _allowed(self, address: Address) -> bool:
        if any(address in network for network in self._allow):
            return True
        inner = _inner(address)
        # 6to4 is what it leads to. The first versions of Python 3.11 took all of it for private, later ones do not.
        public = address.is_global or (isinstance(address, IPv6Address) and address.sixtofour is not None)
        if not public or address.is_multicast or any(address in network for network in _FORBIDDEN):
            return False
        return inner is None or self._allowed(inner)


def _plain(address: Address) -> Address:
    """Return an IPv4 address for its IPv4-mapped form, since that is where the connection would go."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _inner(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway (6to4, NAT64) would take out of an IPv6 address."""
    if not isinstance(address, IPv6Address):
        return None
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.sixtofour


async def _resolved(host: str, port: int, timeout: float) -> tuple[Address, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise DestinationNameUnknown(f"the name {host} was not resolved within {timeout:g} s") from error
    except (OSError, UnicodeError) as error:
        raise DestinationNameUnknown(f"the name {host} cannot be resolved") from error
    addresses = tuple(dict.fromkeys(_plain(ip_address(entry[4][0])) for entry in found))[:_MAX_ADDRESSES]
    if not addresses:
        raise DestinationNameUnknown(f"the name {host} has no address")
    return addresses
