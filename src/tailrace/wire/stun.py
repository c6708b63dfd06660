"""STUN (RFC 8489), as far as it is needed to find out cheaply for whom a request is, before anything else is done."""

import struct
from typing import Final

_HEADER: Final = struct.Struct(">HHI")
_ATTRIBUTE: Final = struct.Struct(">HH")
_HEADER_SIZE: Final = 20
_BINDING_REQUEST: Final = 0x0001
_COOKIE: Final = 0x2112A442
_USERNAME: Final = 0x0006
# Requests of ICE have 7 attributes; whoever sends more before the name is not answered.
_LOOKED_AT: Final = 16


def ufrag_of(data: bytes) -> str | None:
    """Return the answerer's ufrag in the USERNAME of a binding request (RFC 8445 section 7.2.2), before the colon.

    None for everything else. Nothing is verified: a request that is for somebody may still be forged.
    """
    if len(data) < _HEADER_SIZE:
        return None
    kind, length, cookie = _HEADER.unpack_from(data)
    if kind != _BINDING_REQUEST or cookie != _COOKIE or length != len(data) - _HEADER_SIZE:
        return None
    at = _HEADER_SIZE
    for _ in range(_LOOKED_AT):
        if at + _ATTRIBUTE.size > len(data):
            return None
        name, size = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if name == _USERNAME:
            ufrag, colon, _ = data[at : at + size].partition(b":")
            return ufrag.decode("ascii", "replace") if colon else None
        at += size + -size % 4
    return None
