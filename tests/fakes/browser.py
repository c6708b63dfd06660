"""A browser's transport: ICE checks, DTLS and SRTP on a real socket, that also does what no browser should."""

import asyncio
import contextlib
import datetime
import os
import socket
from types import TracebackType
from typing import Any, Self

from aioice.stun import Class, Message, Method, parse_message
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from tailrace.secret import Secret
from tailrace.wire.sdp import Fingerprint, Local, Offer, Setup

# Generous: the machine of a test run may be busy.
DEADLINE = 20.0
_SIZES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}


def rtp(sequence: int, payload: bytes = b"payload", ssrc: int = 7) -> bytes:
    """An RTP packet."""
    return b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big") + payload


def rtcp(ssrc: int = 7) -> bytes:
    """An empty receiver report."""
    return b"\x80\xc9\x00\x01" + ssrc.to_bytes(4, "big")


class Browser:
    """`with Browser() as browser:`. `offer` is what it says; set `server` to what the answer says of the server.

    `received`: decrypted datagrams; `replies`: STUN messages.
    """

    def __init__(self, *, setup: Setup = Setup.ACTPASS, profiles: bytes = b":".join(_SIZES)) -> None:
        self.server: Local | None = None
        self.profiles = profiles
        self.received: list[bytes] = []
        self.replies: list[Message] = []
        self.ended = False
        self.tx: Session | None = None
        self.rx: Session | None = None
        self._client = setup is not Setup.PASSIVE
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._made_certificate()
        digest = self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        self.offer = Offer((), "brow", Secret("browserbrowserbrowser1"), Fingerprint("sha-256", digest), setup)
        self._ssl = SSL.Connection(self._context())
        if self._client:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()
        self.socket = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where the server is."""
        assert self.server
        return self.server.candidates[0].host, self.server.candidates[0].port

    def move(self) -> None:
        """Go on from another port, as behind a NAT that has forgotten."""
        self.socket.close()
        self.socket = self._opened()

    def send(self, data: bytes) -> None:
        """Send a datagram as it is."""
        self.socket.sendto(data, self.address)

    def request(self, *, nominate: bool = True, controlled: bool = False, password: str = "") -> bytes:
        """Return a binding request."""
        assert self.server
        role = "ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"
        attributes: dict[str, Any] = {"USERNAME": f"{self.server.ufrag}:brow", role: 1, "PRIORITY": 1}
        if nominate:
            attributes["USE-CANDIDATE"] = None
        message = Message(Method.BINDING, Class.REQUEST, attributes=attributes)
        message.add_message_integrity((password or self.server.password.reveal()).encode())
        return bytes(message)

    async def check(self, *, nominate: bool = True, controlled: bool = False) -> Message:
        """Send a binding request, and return the reply."""
        request = self.request(nominate=nominate, controlled=controlled)
        self.send(request)

        def reply() -> Message | None:
            return next((one for one in self.replies if one.transaction_id == request[8:20]), None)

        await self.until(reply)
        found = reply()
        assert found
        return found

    async def handshake(self) -> None:
        """Do DTLS until it is done."""
        if self._client:
            self._step()
        await self.until(lambda: self.tx is not None)

    async def connect(self) -> Self:
        """Check and shake hands."""
        await self.check()
        await self.handshake()
        return self

    def hello(self) -> bytes:
        """Return the first DTLS message, without sending it."""
        with contextlib.suppress(SSL.WantReadError):
            self._ssl.do_handshake()
        return self._ssl.bio_read(65536)

    def send_rtp(self, packet: bytes) -> bytes:
        """Protect and send a packet, and return the datagram."""
        assert self.tx
        datagram: bytes = self.tx.protect(packet)
        self.send(datagram)
        return datagram

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send a packet."""
        assert self.tx
        self.send(self.tx.protect_rtcp(packet))

    def say_goodbye(self) -> None:
        """Send close_notify."""
        self._ssl.shutdown()
        self.flush()

    async def until(self, condition: Any) -> None:
        """Receive until `condition` holds."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._take(await asyncio.get_running_loop().sock_recv(self.socket, 65536))

    def flush(self) -> None:
        """Send what DTLS has to say."""
        try:
            self.send(self._ssl.bio_read(65536))
        except SSL.WantReadError:
            return

    def _take(self, data: bytes) -> None:
        if data[0] < 4:
            self.replies.append(parse_message(data))
        elif data[0] < 64:
            self._ssl.bio_write(data)
            self._step()
        elif self.rx is not None:
            clear = self.rx.unprotect_rtcp if 192 <= data[1] <= 223 else self.rx.unprotect
            self.received.append(clear(data))

    def _step(self) -> None:
        try:
            if self.tx is None:
                self._ssl.do_handshake()
                self._finished()
            self._ssl.recv(65536)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True
        self.flush()

    def _finished(self) -> None:
        if not (profile := self._ssl.get_selected_srtp_profile()):
            return
        number, key, salt = _SIZES[profile]
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        salts = material[2 * key :]
        ours, theirs = material[:key] + salts[:salt], material[key : 2 * key] + salts[salt:]
        if not self._client:
            ours, theirs = theirs, ours
        self.tx = Session(Policy(ours, Policy.SSRC_ANY_OUTBOUND, srtp_profile=number))
        self.rx = Session(Policy(theirs, Policy.SSRC_ANY_INBOUND, srtp_profile=number))

    def _context(self) -> SSL.Context:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(self._certificate)
        context.use_privatekey(self._key)
        context.set_tlsext_use_srtp(self.profiles)
        return context

    def _made_certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "browser")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(int.from_bytes(os.urandom(8), "big"))
        day = datetime.timedelta(days=1)
        return builder.not_valid_before(now - day).not_valid_after(now + day).sign(self._key, hashes.SHA256())

    @staticmethod
    def _opened() -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        return opened
