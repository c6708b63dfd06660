"""The one UDP port of all WebRTC sessions: which datagram belongs to whom.

A session is found by the ufrag in STUN requests, which only its peer has been told, and from then on by the address
that they came from. Nothing is kept of datagrams that are nobody's. Sending never waits: what the kernel does not take
is lost, as datagrams may be.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from tailrace.config import Listen, WebRtc
from tailrace.errors import ConfigError, SessionsFull, UserSessionsFull
from tailrace.ids import SdkAppId, UserId
from tailrace.net.webrtc.reading import MAX_DATAGRAM, Address, Reading
from tailrace.wire.stun import ufrag_of

if TYPE_CHECKING:
    from tailrace.net.webrtc.peer import Peer

Owner = tuple[SdkAppId, UserId]
"""Who asked for a session: a user of an application."""

_PEER: Final = "tailrace.net.webrtc.peer"
# The shortest RTP header; STUN, DTLS and SRTCP are longer.
_MIN_DATAGRAM: Final = 12
# 1.5 Mbit/s from 100 publishers for 200 ms, as long as the process may be busy otherwise; the kernel may give less.
_BUFFER_BYTES: Final = 4 * 1024 * 1024
# RFC 7983: the first byte of STUN is 0 to 3.
_STUN: Final = 4


class Endpoint:
    """The port and its sessions. Made by `serving`."""

    def __init__(self, bound: socket.socket, settings: WebRtc, lost_after: float) -> None:
        self.host, self.port = bound.getsockname()[:2]
        self.sessions: dict[Peer, Owner] = {}
        self._socket = bound
        self._settings = settings
        self._lost_after = lost_after
        self._loading = asyncio.Lock()
        self._module: ModuleType | None = None
        self._by_ufrag: dict[str, Peer] = {}
        self._by_address: dict[Address, Peer] = {}
        self._connected: set[Peer] = set()
        self._reading = Reading(bound, self._take, self._beat)

    async def peer(self, owner: Owner, lost_after: float | None = None) -> "Peer":
        """Return the transport of a new session, which counts until it is closed; libraries are loaded with the first.

        `lost_after`: seconds of silence after which its peer is lost, instead of the endpoint's. Raises SessionsFull,
        and UserSessionsFull.
        """
        async with self._loading:
            if self._module is None:
                # OpenSSL and what belongs to it take 0.4 s to load, on which no other session shall wait. What another
                # thread has begun to load is in sys.modules already, so that says nothing.
                self._module = await asyncio.to_thread(import_module, _PEER)
        module = self._module
        if len(self.sessions) >= self._settings.max_sessions:
            raise SessionsFull(f"there are {len(self.sessions)} sessions, and webrtc.max_sessions allows no more")
        held = sum(holder == owner for holder in self.sessions.values())
        if 0 < self._settings.max_sessions_per_user <= held:
            raise UserSessionsFull(
                f"this user has {held} sessions, and webrtc.max_sessions_per_user allows no more; end one of them first"
            )
        peer: Peer = module.Peer(
            self,
            module.host_candidates(self._settings.announce, self.host, self.port),
            lost_after=lost_after or self._lost_after,
            handshake_timeout=self._settings.handshake_timeout,
        )
        self.sessions[peer] = owner
        return peer

    def claim(self, ufrag: str, peer: "Peer") -> None:
        """Give STUN requests for `ufrag` to `peer` from now on."""
        self._by_ufrag[ufrag] = peer

    def release(self, ufrag: str) -> None:
        """Nobody has this ufrag any more."""
        self._by_ufrag.pop(ufrag, None)

    def route(self, address: Address, peer: "Peer") -> None:
        """Give what comes from `address` to `peer` from now on, unless another one's media comes from there."""
        holder = self._by_address.get(address)
        if holder is None or holder is peer or not holder.holds(address):
            self._by_address[address] = peer

    def unroute(self, address: Address, peer: "Peer") -> None:
        """Undo `route`, unless the address has become another one's since."""
        if self._by_address.get(address) is peer:
            del self._by_address[address]

    def flows(self, peer: "Peer") -> None:
        """Media can flow: have its `on_beat` called in a steady beat."""
        self._connected.add(peer)
        self._reading.start_beating()

    def forget(self, peer: "Peer") -> None:
        """The session is over: it counts no more."""
        self.sessions.pop(peer, None)
        self._connected.discard(peer)
        if not self._connected:
            self._reading.stop_beating()

    def send(self, data: bytes, address: Address) -> None:
        """Send one datagram, now or never."""
        try:
            self._socket.sendto(data, address)
        except OSError:
            # No room in the kernel, no route, a port that is closed: peers that are there ask for it again.
            return

    def close(self) -> None:
        """End all sessions in order, and read no more."""
        for peer in list(self.sessions):
            peer.close()
        self._reading.close()

    def _take(self, data: bytes, address: Address, arrived: float) -> None:
        """Give a datagram to whom it belongs."""
        if not _MIN_DATAGRAM <= len(data) <= MAX_DATAGRAM:
            return
        if data[0] >= _STUN:
            peer = self._by_address.get(address)
            if peer is not None:
                peer.receive(data, address, arrived)
        elif (ufrag := ufrag_of(data)) is not None:
            peer = self._by_ufrag.get(ufrag)
            if peer is not None:
                peer.check(ufrag, data, address, arrived)

    def _beat(self, now: float) -> None:
        for peer in tuple(self._connected):
            peer.on_beat(now)


@asynccontextmanager
async def serving(listen: Listen, settings: WebRtc, lost_after: float) -> AsyncIterator[Endpoint]:
    """Listen on `listen.webrtc` while the context is open, 0: any free port; at its end sessions are closed in order.

    `lost_after`: seconds of silence after which a peer is lost. Raises ConfigError when the port cannot be had.
    """
    with await _bind(listen.host, listen.webrtc) as bound:
        endpoint = Endpoint(bound, settings, lost_after)
        try:
            yield endpoint
        finally:
            endpoint.close()


async def _bind(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    bound: socket.socket | None = None
    try:
        family, kind, protocol, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM))[0]
        bound = socket.socket(family, kind, protocol)
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        bound.bind(address)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise ConfigError(f"cannot listen on {host} UDP port {port} (listen.webrtc): {error.strerror}") from None
    return bound
