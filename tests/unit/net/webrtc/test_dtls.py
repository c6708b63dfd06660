"""DTLS in memory: flights, garbage, ends."""

import datetime
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, FILETYPE_PEM, X509, dump_certificate, load_certificate

from tailrace.errors import PeerError
from tailrace.net.webrtc.dtls import Dtls, local_fingerprint
from tailrace.wire.sdp import Fingerprint
from tests.fakes.browser import rtp


def of_an_unknown_version(key: ec.EllipticCurvePrivateKey) -> X509:
    """A certificate whose version does not exist, which OpenSSL does not mind."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "odd")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    plain = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return load_certificate(FILETYPE_ASN1, plain.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1))


def shake(client: Dtls, server: Dtls) -> None:
    """Carry datagrams between both until neither has more."""
    client.begin()
    going = True
    while going:
        going = False
        for one, other in ((client, server), (server, client)):
            for datagram in one.take():
                going = True
                other.receive(datagram)


def pair(expected: Fingerprint | None = None) -> tuple[Dtls, Dtls]:
    """Both with our one certificate."""
    return Dtls(local_fingerprint(), begins=True), Dtls(expected or local_fingerprint())


def test_both_ends_of_a_handshake_have_the_same_keys() -> None:
    client, server = pair()

    shake(client, server)

    assert client.srtp is not None
    assert server.srtp is not None
    there, back = client.srtp.protect_rtp(rtp(1)), server.srtp.protect_rtp(rtp(2))
    assert there is not None
    assert back is not None
    assert (server.srtp.rtp(there), client.srtp.rtp(back)) == (rtp(1), rtp(2))
    assert (client.timeout(), server.timeout()) == (None, None)


def test_datagrams_fit_every_path_and_begin_and_end_with_a_record() -> None:
    client, server = pair()
    client.begin()
    flights = client.take()
    server.receive(flights[0])
    flights += server.take()

    assert all(len(datagram) <= 1200 for datagram in flights)
    assert {datagram[0] for datagram in flights} == {22}


def test_another_certificate_is_refused() -> None:
    client, server = pair(Fingerprint("sha-256", ":".join(["00"] * 32)))

    with pytest.raises(PeerError, match="fingerprint"):
        shake(client, server)
    assert server.srtp is None


def test_a_certificate_that_openssl_takes_and_others_cannot_read_is_judged_by_its_fingerprint(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    odd = of_an_unknown_version(key)
    context = SSL.Context(SSL.DTLS_METHOD)
    (tmp_path / "odd.pem").write_bytes(dump_certificate(FILETYPE_PEM, odd))
    context.use_certificate_file(str(tmp_path / "odd.pem"))
    context.use_privatekey(key)
    context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
    client = SSL.Connection(context)
    client.set_connect_state()
    server = Dtls(Fingerprint("sha-256", odd.digest("sha256").decode()))
    while server.srtp is None:
        try:
            client.do_handshake()
        except SSL.WantReadError:
            server.receive(client.bio_read(65536))
        for datagram in server.take():
            client.bio_write(datagram)

    assert server.srtp is not None


def test_a_good_bye_is_heard_once_and_nothing_after_it() -> None:
    client, server = pair()
    shake(client, server)

    client.close()
    client.close()
    said = client.take()
    for datagram in said:
        server.receive(datagram)

    assert len(said) == 1
    assert server.ended
    server.receive(said[0])
    assert server.timeout() is None


def test_who_closes_before_the_handshake_has_nothing_to_say() -> None:
    client, _ = pair()

    client.close()

    assert client.take() == []


def test_garbage_is_ignored_before_during_and_after_the_handshake() -> None:
    client, server = pair()
    for _ in range(300):
        server.receive(bytes([20 + os.urandom(1)[0] % 44]) + os.urandom(80))
    client.begin()
    hello = client.take()[0]
    server.receive(hello[:-10])
    server.receive(hello)
    for datagram in server.take():
        client.receive(datagram[:40] + os.urandom(len(datagram) - 40) if datagram[0] == 255 else datagram)
    shake(client, server)
    server.receive(os.urandom(1400))
    server.receive(hello)

    assert server.srtp is not None
    assert not server.ended


def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    client, _ = pair()
    client.begin()
    first = client.take()

    assert first
    delay = client.timeout()
    assert delay is not None
    assert 0 < delay <= 1


def test_an_old_protocol_is_refused() -> None:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_max_proto_version(0xFEFF)  # DTLS 1.0
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    old = SSL.Connection(context)
    old.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        old.do_handshake()

    with pytest.raises(PeerError, match="handshake failed"):
        Dtls(local_fingerprint()).receive(old.bio_read(65536))
