"""RTMP handshake, both sides: bytes in, bytes out.

This is the plain handshake of the specification. The one with digests is not needed to publish or play H.264: librtmp,
ffmpeg, OBS and nginx-rtmp all fall back to, or begin with, this one. Echoes are not checked, like in other servers.
"""

from enum import Enum
from typing import Final

from tailrace.errors import PeerError

VERSION: Final = 3
PACKET_SIZE: Final = 1536
# Time (we send 0) and four zero bytes, which say "no digest"; then random bytes, which the drivers hand in.
_PREFIX: Final = bytes(8)
RANDOM_SIZE: Final = PACKET_SIZE - len(_PREFIX)

Phase = Enum("Phase", "WANT_VERSION WANT_FIRST WANT_SECOND DONE")


class Handshake:
    """One side of it: version and first packet are sent, the other's first is echoed, the echo of ours is awaited.

    A client begins with `opening`; a server sends its own once it has the client's. Once `phase` is DONE, `rest`
    already belongs to the chunk stream.
    """

    def __init__(self, random: bytes, *, client: bool) -> None:
        if len(random) != RANDOM_SIZE:
            raise ValueError(f"the handshake takes {RANDOM_SIZE} random bytes")
        self.phase = Phase.WANT_VERSION
        self.rest = b""
        own = bytes([VERSION]) + _PREFIX + random
        self.opening = own if client else b""
        self._before_echo = b"" if client else own

    def receive(self, data: bytes) -> bytes:
        """Return the bytes to send back. Raises PeerError for another protocol, such as HTTP."""
        self.rest += data
        reply = b""
        while (step := self._step()) is not None:
            reply += step
        return reply

    def _step(self) -> bytes | None:
        match self.phase:
            case Phase.WANT_VERSION if self.rest:
                if (version := self._take(1)[0]) != VERSION:
                    raise PeerError(f"RTMP version {version}, expected {VERSION}")
                self.phase = Phase.WANT_FIRST
                return b""
            case Phase.WANT_FIRST if len(self.rest) >= PACKET_SIZE:
                self.phase = Phase.WANT_SECOND
                return self._before_echo + self._take(PACKET_SIZE)
            case Phase.WANT_SECOND if len(self.rest) >= PACKET_SIZE:
                self._take(PACKET_SIZE)
                self.phase = Phase.DONE
                return b""
        return None

    def _take(self, size: int) -> bytes:
        data, self.rest = self.rest[:size], self.rest[size:]
        return data
