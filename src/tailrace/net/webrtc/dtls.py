"""DTLS (RFC 6347) in memory: datagrams in, datagrams out, and at the end the keys of SRTP (RFC 5764)."""

import datetime
import functools
import secrets
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from OpenSSL.crypto import X509

from tailrace.errors import PeerError
from tailrace.net.webrtc.srtp import PROFILES, Srtp
from tailrace.wire.sdp import Fingerprint

_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
# Its number on the wire, by which OpenSSL knows it too.
_DTLS_1_2: Final = 0xFEFD
# FFmpeg with GnuTLS makes itself a certificate of P-224, which OpenSSL has given up.
_HINTS: Final = {
    "wrong curve": "the certificate is of a curve that OpenSSL does not support, such as P-224; "
    "FFmpeg takes another one with -cert_file and -key_file"
}
_EXPORTER: Final = b"EXTRACTOR-dtls_srtp"
# As browsers do: it fits every path, tunnels included.
_MTU: Final = 1200
# Type, version, epoch, sequence number, length.
_RECORD_HEADER: Final = 13
_READ: Final = 65536
# Records of one datagram that are read; of us nothing but alerts is ever expected after the handshake.
_MAX_READS: Final = 64
# A certificate is trusted by its fingerprint; its dates only have to satisfy clocks that are wrong.
_LIFETIME: Final = datetime.timedelta(days=365 * 10)


class Dtls:
    """One connection. After each call the datagrams of `take` are to be sent.

    `srtp` is there once the handshake is done; `ended` once the peer has said good-bye.
    """

    def __init__(self, expected: Fingerprint, *, begins: bool = False) -> None:
        """`expected`: of the peer's certificate, as its offer says. `begins`: we are the client, and `begin`."""
        self.srtp: Srtp | None = None
        self.ended = False
        self._expected = expected
        self._connection = SSL.Connection(_context())
        self._begins = begins
        self._begun = False
        if begins:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()
        self._connection.set_ciphertext_mtu(_MTU)

    def begin(self) -> None:
        """As the client, make the first step, once; does nothing as the server."""
        if self._begins and not self._begun:
            self._begun = True
            try:
                self._connection.do_handshake()
            except SSL.WantReadError:
                return

    def receive(self, datagram: bytes) -> None:
        """Take a datagram; garbage is ignored. Raises PeerError when the handshake has failed, with its reason."""
        if self.ended:
            return
        self._connection.bio_write(datagram)
        try:
            if self.srtp is None:
                self._connection.do_handshake()
                self.srtp = self._finished()
            for _ in range(_MAX_READS):
                self._connection.recv(_READ)  # data channels are not offered to anybody
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True
        except SSL.Error as error:
            if self.srtp is None:
                raise PeerError(f"the DTLS handshake failed: {_reason(error)}") from None
            self.ended = True

    def timeout(self) -> float | None:
        """Return the seconds after which `expire` is to be called, None if there is nothing to wait for."""
        left = self._connection.DTLSv1_get_timeout()
        return None if left is None or self.ended else float(left)

    def expire(self) -> None:
        """Send once more what was not answered in time. Raises PeerError when that has been tried often enough."""
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise PeerError(f"the DTLS handshake failed: {_reason(error)}") from None

    def close(self) -> None:
        """Say good-bye, as far as somebody is there to hear it."""
        if not self.ended:
            self.ended = True
            try:
                self._connection.shutdown()
            except SSL.Error:
                return

    def take(self) -> list[bytes]:
        """Return the datagrams to send. Memory knows no bounds between them, so records are put together anew."""
        try:
            data = self._connection.bio_read(_READ)
        except SSL.Error:
            return []
        datagrams = [b""]
        while data:
            size = _RECORD_HEADER + int.from_bytes(data[_RECORD_HEADER - 2 : _RECORD_HEADER], "big")
            record, data = data[:size], data[size:]
            if datagrams[-1] and len(datagrams[-1]) + len(record) > _MTU:
                datagrams.append(b"")
            datagrams[-1] += record
        return datagrams

    def _finished(self) -> Srtp:
        # As OpenSSL has it, not read any further: cryptography has errors of its own for what OpenSSL let pass.
        certificate = self._connection.get_peer_certificate()
        if certificate is None or _fingerprint(certificate, self._expected.algorithm) != self._expected:
            raise PeerError("the DTLS certificate is not the one whose fingerprint the offer has")
        name = self._connection.get_selected_srtp_profile()
        profile = next((profile for profile in PROFILES if profile.name == name), None)
        if profile is None:
            raise PeerError("the DTLS handshake chose no SRTP profile: the peer has none of ours")
        key, salt = profile.key_size, profile.salt_size
        material = self._connection.export_keying_material(_EXPORTER, 2 * (key + salt))
        # RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt.
        salts = material[2 * key :]
        client, server = material[:key] + salts[:salt], material[key : 2 * key] + salts[salt:]
        return Srtp(profile, *((server, client) if self._begins else (client, server)))


def local_fingerprint() -> Fingerprint:
    """Return the fingerprint of our certificate, which is made once per process."""
    return _fingerprint(X509.from_cryptography(_identity()[1]), "sha-256")


def _fingerprint(certificate: X509, algorithm: str) -> Fingerprint:
    # OpenSSL's names of the digests of SDP have no hyphen.
    return Fingerprint(algorithm, certificate.digest(algorithm.replace("-", "")).decode())


@functools.cache
def _identity() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    # Nothing in it tells who we are (RFC 8827 section 6.5).
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(8))])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


@functools.cache
def _context() -> SSL.Context:
    key, certificate = _identity()
    context = SSL.Context(SSL.DTLS_METHOD)
    # RFC 8827 section 6.5 asks for 1.2; `take` knows its records.
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Any certificate will do here: `_finished` compares its fingerprint.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(profile.name for profile in PROFILES))
    return context


def _reason(error: SSL.Error) -> str:
    """Return OpenSSL's last word on what went wrong."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    words = str(entries[-1][-1]) if entries and entries[-1] else "for no reason that OpenSSL gives"
    return _HINTS.get(words, words)
