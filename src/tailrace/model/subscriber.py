"""Subscriber: who is behind an IP address, where strangers are counted by theirs."""

from ipaddress import IPv6Address, ip_address

# One subscriber has a whole network of this length.
_IPV6_PREFIX = 64


def subscriber(address: str) -> str:
    """Return the same name for all addresses that one subscriber has; an empty one for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(int(parsed) >> 128 - _IPV6_PREFIX)
    return address
