"""Answers, read back by our own reader and by aiortc's."""

from dataclasses import replace
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from tailrace.errors import StateError
from tailrace.secret import Secret
from tailrace.wire.sdp import (
    Accepted,
    Candidate,
    Direction,
    Fingerprint,
    Kind,
    Local,
    Media,
    Offer,
    Sending,
    answer,
    answer_fragment,
    parse_fragment,
    parse_offer,
)
from tests.unit.wire.sdp.offers import DIGEST, REAL, SMALL

LOCAL = Local(
    "ufragufrag",
    Secret("0123456789012345678901234567890"),
    Fingerprint("sha-256", DIGEST),
    (Candidate("1", 1, "udp", 2130706431, "203.0.113.7", 8189, "host"),),
    4711,
)
WANTED = {Kind.AUDIO: "opus", Kind.VIDEO: "H264"}


def accept(media: Media, direction: Direction = Direction.RECVONLY, sending: Sending | None = None) -> Accepted:
    """The first codec that we want, with its retransmission, and all extensions."""
    codec = next(codec for codec in media.codecs if codec.name == WANTED[media.kind])
    rtx = {repeat: apt for repeat, apt in media.rtx.items() if apt == codec.payload_type}
    return Accepted((codec,), direction, rtx, media.extensions, sending)


def answered(offer: Offer) -> str:
    return answer(offer, [accept(media) for media in offer.media], LOCAL)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_an_answer_says_to_each_real_peer_what_was_chosen(path: Path) -> None:
    offer = parse_offer(path.read_bytes().decode())

    read = SessionDescription.parse(answered(offer))

    assert [media.rtp.muxId for media in read.media] == [media.mid for media in offer.media]
    assert read.group[0].items == [media.mid for media in offer.media]
    for ours, theirs in zip(read.media, offer.media, strict=True):
        assert ours.direction == "recvonly"
        assert ours.rtcp_mux
        assert ours.ice is not None
        assert (ours.ice.iceLite, ours.ice.usernameFragment) == (True, LOCAL.ufrag)
        assert ours.ice.password == LOCAL.password.reveal()
        assert ours.dtls is not None
        assert [one.value for one in ours.dtls.fingerprints] == [DIGEST]
        assert ours.rtp.codecs[0].mimeType.partition("/")[2].lower() == WANTED[theirs.kind].lower()
        assert len(ours.rtp.codecs) == 1 + sum(apt == ours.rtp.codecs[0].payloadType for apt in theirs.rtx.values())
    candidate = read.media[0].ice_candidates[0]
    assert (candidate.ip, candidate.port, candidate.type) == ("203.0.113.7", 8189, "host")


@pytest.mark.parametrize(("offered", "answers"), [("actpass", "passive"), ("active", "passive"), ("passive", "active")])
def test_we_are_the_dtls_server_unless_the_peer_insists_on_being_it(offered: str, answers: str) -> None:
    text = answered(parse_offer(SMALL.replace("a=setup:actpass", f"a=setup:{offered}")))

    assert text.count(f"a=setup:{answers}\r\n") == 2


def test_an_offer_without_setup_is_active() -> None:
    assert "a=setup:passive" in answered(parse_offer(SMALL.replace("a=setup:actpass\r\n", "")))


def test_a_rejected_line_has_port_0_and_is_not_in_the_bundle() -> None:
    offer = parse_offer(SMALL + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n")

    text = answer(offer, [None, accept(offer.media[1]), None], LOCAL)

    assert "a=group:BUNDLE 1\r\n" in text
    assert "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n" in text
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" in text
    assert text.index("a=candidate") > text.index("m=video 9")


def test_what_we_send_is_named_with_its_retransmission() -> None:
    offer = parse_offer(SMALL.replace("sendonly", "recvonly"))
    sending = Sending(ssrc=1111, cname="us", stream="room", track="picture", rtx_ssrc=2222)

    text = answer(offer, [None, accept(offer.media[1], Direction.SENDONLY, sending)], LOCAL)

    media = SessionDescription.parse(text).media[1]
    assert media.direction == "sendonly"
    assert media.msid == "room picture"
    assert [(one.ssrc, one.cname) for one in media.ssrc] == [(1111, "us"), (2222, "us")]
    assert media.ssrc_group[0].items == [1111, 2222]


def test_parameters_of_a_codec_are_what_the_caller_says() -> None:
    offer = parse_offer(SMALL)
    chosen = accept(offer.media[1])
    codec = replace(chosen.codecs[0], fmtp={"packetization-mode": "1", "bare": ""}, feedback=("nack", "transport-cc"))

    text = answer(offer, [None, replace(chosen, codecs=(codec,))], LOCAL)

    assert "a=fmtp:96 packetization-mode=1;bare\r\n" in text
    assert "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 transport-cc\r\n" in text


def test_nothing_to_answer_is_our_own_fault() -> None:
    offer = parse_offer(SMALL)

    with pytest.raises(StateError):
        answer(offer, [None], LOCAL)
    with pytest.raises(StateError):
        answer(offer, [None, None], LOCAL)


def test_a_restart_is_answered_with_new_credentials_and_all_candidates() -> None:
    text = answer_fragment(parse_offer(SMALL), LOCAL)

    fragment = parse_fragment(text)
    assert (fragment.ufrag, fragment.password) == (LOCAL.ufrag, LOCAL.password)
    assert fragment.candidates == LOCAL.candidates
    assert fragment.end
    assert "a=mid:0\r\n" in text


def test_the_password_of_a_description_prints_as_stars() -> None:
    assert "0123456789" not in repr(LOCAL)
    assert "0123456789abc" not in repr(parse_offer(SMALL))
