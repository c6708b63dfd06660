"""ICE-lite (RFC 8445 section 2.5): binding requests answered, nothing asked. Our credentials and candidates."""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from aioice.ice import get_host_addresses
from aioice.stun import Class, Message, Method, parse_message

from tailrace.secret import Secret
from tailrace.wire.sdp import Candidate

# RFC 8445 section 5.1.2.1: a host candidate, and the only component.
_HOST_PREFERENCE: Final = 126 << 24
_COMPONENT: Final = 1
# The first address is preferred; there are never as many as there are preferences.
_BEST: Final = 65535


@dataclass(frozen=True, slots=True)
class Check:
    """A request that was authentic. `reply` is to be sent to where it came from; `valid`: it was not refused."""

    reply: bytes
    valid: bool
    nominates: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a peer has to know to reach a session: nobody else can guess it (64 and 128 bits)."""

    ufrag: str = field(default_factory=lambda: secrets.token_hex(8))
    password: Secret = field(default_factory=lambda: Secret(secrets.token_hex(16)))

    def check(self, data: bytes, address: tuple[Any, ...]) -> Check | None:
        """Judge a binding request that came from `address`. None: it is to be ignored, garbage or forged."""
        key = self.password.reveal().encode()
        try:
            request = parse_message(data)
        except (ValueError, struct.error):
            return None
        if request.message_method is not Method.BINDING or request.message_class is not Class.REQUEST:
            return None
        if not request.check_message_integrity(key):
            return None
        if "ICE-CONTROLLED" in request.attributes:
            # Who is lite is always controlled (RFC 8445 section 6.1.1); the peer takes the other role on this.
            return Check(self._reply(request, Class.ERROR, {"ERROR-CODE": (487, "Role Conflict")}, key), False, False)
        seen = {"XOR-MAPPED-ADDRESS": (_unmapped(address[0]), address[1])}
        return Check(self._reply(request, Class.RESPONSE, seen, key), True, "USE-CANDIDATE" in request.attributes)

    @staticmethod
    def _reply(request: Message, kind: Class, attributes: dict[str, Any], key: bytes) -> bytes:
        reply = Message(Method.BINDING, kind, request.transaction_id, attributes)
        reply.add_message_integrity(key)
        return bytes(reply)


def host_candidates(announce: Sequence[str], host: str, port: int) -> tuple[Candidate, ...]:
    """Return where browsers reach us: `announce`, else `host`, or what the machine has when that is any address."""
    listening = ip_address(host)
    if announce:
        addresses = list(announce)
    elif listening.is_unspecified:
        addresses = get_host_addresses(use_ipv4=True, use_ipv6=listening.version == 6)
    else:
        addresses = [host]
    return tuple(
        Candidate(
            foundation=str(index),
            component=_COMPONENT,
            transport="udp",
            priority=_HOST_PREFERENCE + ((_BEST - index) << 8) + 256 - _COMPONENT,
            host=address,
            port=port,
            type="host",
        )
        for index, address in enumerate(addresses, 1)
    )


def _unmapped(host: str) -> str:
    """Return an IPv4 address that a socket for both has shown as one of IPv6."""
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
