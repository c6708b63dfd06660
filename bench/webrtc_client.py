"""WebRTC client: the browser's side of one session: an offer, ICE that asks, DTLS and SRTP, on a UDP port of its own.

As little as publishers and viewers need, so that dozens of them in one process cost less than whom they measure. It is
on good terms with servers that are ICE-lite and with those that are not.
"""

import asyncio
import re
import secrets
import socket
import struct
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aioice.ice import get_host_addresses
from aioice.stun import Class, Message, Method, parse_message

from tailrace.net.webrtc.dtls import Dtls, local_fingerprint
from tailrace.net.webrtc.srtp import Srtp
from tailrace.wire.sdp import Offer, Setup, parse_offer

# Browsers ask each 2.5 s whether they are still welcome (RFC 7675 has 4 to 6 s).
_CHECK_EACH: Final = 2.5
_CHECK_AGAIN: Final = 0.1
_CONNECTED_WITHIN: Final = 20.0
_HTTP_WITHIN: Final = 20.0
_MAX_DATAGRAM: Final = 2048
_BUFFER_BYTES: Final = 1024 * 1024
_RTP: Final = range(128, 192)
_RTCP: Final = range(192, 224)
_CANDIDATE: Final = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", re.M | re.I)

Received = Callable[[bytes, float], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offer is posted to."""

    url: str
    token: str = ""


class Client:
    """One session. `dial` it with an offer that has a place for `head`; then `send_rtp` and `send_rtcp`."""

    def __init__(self, on_rtp: Received, on_rtcp: Received) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind(("", 0))
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._tie = secrets.randbits(63)
        self._answer: Offer | None = None
        self._dtls: Dtls | None = None
        self._srtp: Srtp | None = None
        self._checked = False
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    def head(self, setup: Setup = Setup.ACTPASS) -> str:
        """Return the attributes of ICE and DTLS of our side, and the candidate."""
        host = next(iter(get_host_addresses(use_ipv4=True, use_ipv6=False)), "127.0.0.1")
        fingerprint = local_fingerprint()
        return "\n".join((
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
            f"a=setup:{setup}",
            "a=rtcp-mux",
            f"a=candidate:1 1 udp 2130706431 {host} {self._socket.getsockname()[1]} typ host",
            "a=end-of-candidates",
        ))  # fmt: skip

    async def dial(self, place: Place, offer: str) -> Offer:
        """Post the offer, and return the answer once media can flow. Raises OSError, and TimeoutError."""
        return await self._connect(await asyncio.to_thread(_ask, place, offer))

    async def answer(self, place: Place, answer: Callable[[Offer], str]) -> Offer:
        """Get an offer, post what `answer` makes of it, and return it once media can flow. Raises as `dial`."""
        offer = await asyncio.to_thread(_ask, place, "")
        await asyncio.to_thread(_ask, place, answer(parse_offer(offer)))
        return await self._connect(offer)

    async def _connect(self, answer: str) -> Offer:
        """Go where an answer says, and return it once media can flow. Raises OSError, and TimeoutError."""
        self._answer = said = parse_offer(answer)
        found = _CANDIDATE.search(answer)
        if found is None:
            raise OSError("the answer has no host candidate")
        self._socket.connect((found[1], int(found[2])))
        self._dtls = Dtls(said.fingerprint, begins=said.setup is not Setup.ACTIVE)
        self._loop.add_reader(self._socket, self._read)
        self._check()
        async with asyncio.timeout(_CONNECTED_WITHIN):
            await self._connected
        return said

    def send_rtp(self, packet: bytes) -> bytes:
        """Send a packet; return the datagram, with which the same can be sent again."""
        if self._srtp is None or (datagram := self._srtp.protect_rtp(packet)) is None:
            return b""
        self.send(datagram)
        return datagram

    def send_rtcp(self, packet: bytes) -> None:
        """Send a compound packet."""
        if self._srtp is not None and (datagram := self._srtp.protect_rtcp(packet)) is not None:
            self.send(datagram)

    def send(self, datagram: bytes) -> None:
        """Send as it is; what the kernel does not take is lost."""
        try:
            self._socket.send(datagram)
        except OSError:
            return

    def close(self) -> None:
        """Say good-bye by DTLS."""
        if self._timer is not None:
            self._timer.cancel()
        if self._dtls is not None:
            self._dtls.close()
            self._flush()
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _check(self) -> None:
        """Ask by ICE, and nominate at once: there is one way only."""
        assert self._answer is not None
        request = Message(Method.BINDING, Class.REQUEST)
        request.attributes = {
            "USERNAME": f"{self._answer.ufrag}:{self._ufrag}",
            "PRIORITY": 1_845_501_695,
            "ICE-CONTROLLING": self._tie,
            "USE-CANDIDATE": None,
        }
        request.add_message_integrity(self._answer.password.reveal().encode())
        self.send(bytes(request))
        self._timer = self._loop.call_later(_CHECK_EACH if self._srtp is not None else _CHECK_AGAIN, self._again)

    def _again(self) -> None:
        if self._srtp is None and self._checked and self._dtls is not None and self._dtls.timeout() == 0:
            self._dtls.expire()
            self._flush()
        self._check()

    def _read(self) -> None:
        # Several at once: a loop that comes back for each datagram costs as much as what is done with it.
        for _ in range(64):
            try:
                data = self._socket.recv(_MAX_DATAGRAM)
            except OSError:
                return
            self._take(data, time.monotonic())

    def _take(self, data: bytes, now: float) -> None:
        if not data:
            return
        if data[0] in _RTP:
            if self._srtp is None:
                return
            if data[1] in _RTCP:
                if (packet := self._srtp.rtcp(data)) is not None:
                    self._on_rtcp(packet, now)
            elif (packet := self._srtp.rtp(data)) is not None:
                self._on_rtp(packet, now)
        elif data[0] < 4:
            self._stun(data)
        elif self._dtls is not None:
            self._dtls.receive(data)
            self._flush()
            if self._srtp is None and self._dtls.srtp is not None:
                self._srtp = self._dtls.srtp
                self._connected.set_result(None)

    def _stun(self, data: bytes) -> None:
        try:
            message = parse_message(data)
        except (ValueError, struct.error):
            return
        if message.message_class is Class.REQUEST:
            reply = Message(Method.BINDING, Class.RESPONSE, message.transaction_id)
            reply.attributes = {"XOR-MAPPED-ADDRESS": self._socket.getpeername()}
            reply.add_message_integrity(self._password.encode())
            self.send(bytes(reply))
        elif message.message_class is Class.RESPONSE and not self._checked:
            self._checked = True
            if self._dtls is not None:
                self._dtls.begin()
                self._flush()

    def _flush(self) -> None:
        if self._dtls is not None:
            for datagram in self._dtls.take():
                self.send(datagram)


def _ask(place: Place, text: str) -> str:
    """Post `text`, or get what is there when it is empty; return the answer."""
    data = text.replace("\n", "\r\n").encode() or None
    request = urllib.request.Request(place.url, data, {"Content-Type": "application/sdp"})
    if place.token:
        request.add_header("Authorization", f"Bearer {place.token}")
    with urllib.request.urlopen(request, timeout=_HTTP_WITHIN) as answer:
        said: str = answer.read().decode()
    return said
