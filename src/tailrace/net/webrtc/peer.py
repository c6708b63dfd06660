"""Peer: the transport of one session, from the first STUN request to the last datagram."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Protocol

from tailrace.errors import PeerError, SessionUnknown, StateError
from tailrace.net.webrtc.dtls import Dtls, local_fingerprint
from tailrace.net.webrtc.ice import Credentials, host_candidates
from tailrace.net.webrtc.srtp import Srtp
from tailrace.wire.sdp import Candidate, Local, Offer, Setup

__all__ = ["Closed", "How", "Peer", "host_candidates"]

Address = tuple[Any, ...]
Received = Callable[[bytes, float], None]

# A browser on a machine with many addresses checks from some of them; the oldest is forgotten when there are more.
_MAX_ADDRESSES: Final = 16
# If the process itself stood still, what has come meanwhile is read within this time.
_GRACE: Final = 0.05
# How long an address stays with the session that authentic media comes to from there. Whoever sends under a false
# address can pass a check of a session of his own, but not have media of another one lost; players report each second.
_HELD: Final = 3.0
# RFC 7983: first bytes of DTLS, and of RTP and RTCP.
_DTLS: Final = range(20, 64)
_RTP: Final = range(128, 192)
# RFC 5761 section 4: second bytes of RTCP.
_RTCP_FIRST: Final = 192
_RTCP_LAST: Final = 223


class How(Enum):
    """How a session came to its end."""

    ORDERLY = auto()  # one of both has closed it
    LOST = auto()  # nothing was heard of the peer for too long
    FAILED = auto()  # it never came to be: no ICE, or no DTLS


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a session and, in words, why."""

    how: How
    reason: str


class Port(Protocol):
    """What a peer needs of the endpoint; see there."""

    def claim(self, ufrag: str, peer: "Peer", /) -> None: ...
    def release(self, ufrag: str, /) -> None: ...
    def route(self, address: Address, peer: "Peer", /) -> None: ...
    def unroute(self, address: Address, peer: "Peer", /) -> None: ...
    def flows(self, peer: "Peer", /) -> None: ...
    def forget(self, peer: "Peer", /) -> None: ...
    def send(self, data: bytes, address: Address, /) -> None: ...


def _nobody(_packet: bytes, _now: float) -> None:
    pass


def _nothing(_now: float) -> None:
    pass


class Peer:
    """Made by `Endpoint.peer`. Set `on_rtp`, `on_rtcp` and `on_beat`, answer with `local`, then `start`.

    The first two get what was decrypted and its arrival in monotonic seconds; the third is called each `reading.BEAT`
    seconds with the time, while media can flow. They must not raise and not wait.
    `connected` is done once media can flow, and raises PeerError when it never will; `closed` says how it ended.
    """

    def __init__(
        self, port: Port, candidates: tuple[Candidate, ...], *, lost_after: float, handshake_timeout: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.on_rtp: Received = _nobody
        self.on_rtcp: Received = _nobody
        self.on_beat: Callable[[float], None] = _nothing
        self.connected: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[Closed] = self._loop.create_future()
        self.refused = 0  # datagrams of its addresses that were forged, repeated or of no use
        self._port = port
        self._candidates = candidates
        self._lost_after = lost_after
        self._handshake_timeout = handshake_timeout
        self._session_id = secrets.randbits(62)
        self._credentials = Credentials()
        self._next: Credentials | None = None
        self._dtls: Dtls | None = None
        self._srtp: Srtp | None = None
        self._addresses: dict[Address, None] = {}
        self._address: Address | None = None
        self._heard = 0.0
        self._media_at = float("-inf")
        self._retransmission: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def local(self) -> Local:
        """Our side as the answer says it; after `restart` that of the restart."""
        credentials = self._next or self._credentials
        return Local(credentials.ufrag, credentials.password, local_fingerprint(), self._candidates, self._session_id)

    @property
    def restarting(self) -> bool:
        """Whether the peer has not yet chosen a path with the credentials of the last restart."""
        return self._next is not None

    def holds(self, address: Address) -> bool:
        """Whether authentic media has come from this address a moment ago."""
        return address == self._address and time.monotonic() - self._media_at < _HELD

    def start(self, offer: Offer) -> None:
        """Wait for the peer whose offer this is."""
        if self._dtls is not None:
            raise StateError("a peer is started once")
        self._dtls = Dtls(offer.fingerprint, begins=offer.setup is Setup.PASSIVE)
        self._port.claim(self._credentials.ufrag, self)
        self._watch = self._loop.call_later(self._handshake_timeout, self._too_late)

    def restart(self) -> Local:
        """Return new credentials (ICE restart). The old ones are good until the peer has chosen a path with the new.

        Raises SessionUnknown when it is closed.
        """
        if self.closed.done():
            raise SessionUnknown("this session has ended")
        if self._next is not None:
            self._port.release(self._next.ufrag)
        self._next = Credentials()
        self._port.claim(self._next.ufrag, self)
        return self.local

    def send_rtp(self, packet: bytes) -> None:
        """Send a packet; nothing happens while not connected."""
        if self._srtp is None or self._address is None:
            return
        if (datagram := self._srtp.protect_rtp(packet)) is not None:
            self._port.send(datagram, self._address)

    def send_rtcp(self, packet: bytes) -> None:
        """Send a compound packet; nothing happens while not connected."""
        if self._srtp is None or self._address is None:
            return
        if (datagram := self._srtp.protect_rtcp(packet)) is not None:
            self._port.send(datagram, self._address)

    def close(self) -> None:
        """Tell the peer, and end. Twice is harmless."""
        self._end(How.ORDERLY, "closed here")

    def check(self, ufrag: str, data: bytes, address: Address, now: float) -> None:
        """Take a STUN request for one of our ufrags."""
        fresh = self._next
        credentials = fresh if fresh is not None and fresh.ufrag == ufrag else self._credentials
        check = credentials.check(data, address)
        if check is None:
            self.refused += 1
            return
        self._port.send(check.reply, address)
        if not check.valid:
            return
        self._heard = now
        self._know(address)
        if check.nominates and credentials is fresh:
            self._port.release(self._credentials.ufrag)
            self._credentials, self._next = fresh, None
        if check.nominates or self._address is None:
            self._address = address
        if self._dtls is not None and self._srtp is None:
            self._dtls.begin()
            self._flush(address)

    def receive(self, data: bytes, address: Address, now: float) -> None:
        """Take a datagram that is no STUN, from an address that has passed a check."""
        first = data[0]
        if first in _RTP:
            if self._srtp is None:
                return
            if _RTCP_FIRST <= data[1] <= _RTCP_LAST:
                packet, receiver = self._srtp.rtcp(data), self.on_rtcp
            else:
                packet, receiver = self._srtp.rtp(data), self.on_rtp
            if packet is None:
                self.refused += 1
                return
            self._heard = self._media_at = now
            # The peer sends by the path that it has chosen, which may change without a further nomination.
            self._address = address
            receiver(packet, now)
        elif first in _DTLS:
            self._handshake(data, address)

    def _handshake(self, data: bytes, address: Address) -> None:
        if self._dtls is None:
            return
        try:
            self._dtls.receive(data)
        except PeerError as error:
            self._flush(address)
            self._end(How.FAILED, str(error))
            return
        self._flush(address)
        if self._srtp is None and self._dtls.srtp is not None:
            self._srtp = self._dtls.srtp
            self._heard = time.monotonic()
            self._again(self._lost_after, self._silent)
            self._port.flows(self)
            if not self.connected.done():
                self.connected.set_result(None)
        if self._dtls.ended:
            self._end(How.ORDERLY, "closed by the peer")

    def _flush(self, address: Address) -> None:
        """Send what DTLS has to say, and come back when that is not answered in time."""
        if self._dtls is None:
            return
        for datagram in self._dtls.take():
            self._port.send(datagram, address)
        if self._retransmission is not None:
            self._retransmission.cancel()
            self._retransmission = None
        if (delay := self._dtls.timeout()) is not None:
            self._retransmission = self._loop.call_later(delay, self._unanswered, address)

    def _unanswered(self, address: Address) -> None:
        self._retransmission = None
        if self._dtls is None:
            return
        try:
            self._dtls.expire()
        except PeerError as error:
            self._end(How.FAILED, str(error))
            return
        self._flush(self._address or address)

    def _know(self, address: Address) -> None:
        if address in self._addresses:
            self._port.route(address, self)
            return
        if len(self._addresses) >= _MAX_ADDRESSES:
            oldest = next(known for known in self._addresses if known != self._address)
            del self._addresses[oldest]
            self._port.unroute(oldest, self)
        self._addresses[address] = None
        self._port.route(address, self)

    def _again(self, delay: float, work: Callable[[], None]) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_later(delay, work)

    def _too_late(self) -> None:
        what = "no STUN check came" if self._address is None else "the DTLS handshake did not end"
        self._end(How.FAILED, f"{what} within {self._handshake_timeout:g} s")

    def _silent(self) -> None:
        left = self._heard + self._lost_after - time.monotonic()
        if left > 0:
            self._again(left, self._silent)
        else:
            self._again(_GRACE, self._still_silent)

    def _still_silent(self) -> None:
        if self._heard + self._lost_after > time.monotonic() - _GRACE:
            self._silent()
        else:
            self._end(How.LOST, f"nothing was heard for {self._lost_after:g} s")

    def _end(self, how: How, reason: str) -> None:
        if self.closed.done():
            return
        for timer in (self._watch, self._retransmission):
            if timer is not None:
                timer.cancel()
        if self._dtls is not None and self._address is not None:
            self._dtls.close()
            for datagram in self._dtls.take():
                self._port.send(datagram, self._address)
        for credentials in (self._credentials, self._next):
            if credentials is not None:
                self._port.release(credentials.ufrag)
        for address in self._addresses:
            self._port.unroute(address, self)
        self._port.forget(self)
        self._dtls = self._srtp = None
        self._addresses.clear()
        self.closed.set_result(Closed(how, reason))
        if not self.connected.done():
            self.connected.set_exception(PeerError(reason))
            # Who waits for `closed` only shall not be told by asyncio that nobody asked.
            self.connected.exception()
