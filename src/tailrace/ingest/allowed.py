"""Allowed: which peer addresses may use the built-in CDN."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network


class Allowed:
    """Tells whether an address is in one of `networks`; an IPv4-mapped IPv6 address counts as the IPv4 one."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def __call__(self, address: str) -> bool:
        """Return whether `address` (text) may; False for what is no address."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)
