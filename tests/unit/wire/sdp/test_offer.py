"""Offers of real peers, and what is wrong with others."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.sdp import Direction, Kind, Setup, parse_fragment, parse_offer
from tests.unit.wire.sdp.offers import DIGEST, REAL, SMALL, read

FRAGMENT = """a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
m=audio 9 RTP/AVP 0
a=mid:0
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
a=candidate:3471623853 1 UDP 2122194687 7fa1-3.local 61765 typ host
a=end-of-candidates
"""


@pytest.mark.parametrize("offer", REAL, ids=lambda path: path.stem)
def test_offers_of_real_peers_have_a_transport_and_both_tracks(offer: Path) -> None:
    parsed = parse_offer(offer.read_bytes().decode())

    assert sorted(media.kind for media in parsed.media) == [Kind.AUDIO, Kind.VIDEO]
    assert all(media.bundled and not media.rejected for media in parsed.media)
    assert len(parsed.ufrag) >= 4
    assert parsed.fingerprint.algorithm == "sha-256"
    names = {media.kind: [codec.name for codec in media.codecs] for media in parsed.media}
    assert "opus" in names[Kind.AUDIO]
    assert "H264" in names[Kind.VIDEO]
    assert "rtx" not in names[Kind.VIDEO]


def test_chromium_says_what_it_sends_and_can_be_told_back() -> None:
    audio, video = parse_offer(read("chromium-publish")).media

    assert (audio.direction, video.direction) == (Direction.SENDONLY, Direction.SENDONLY)
    assert (audio.codecs[0].channels, audio.codecs[0].fmtp["useinbandfec"]) == (2, "1")
    assert video.codecs[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert video.rtx[97] == 96
    assert video.extensions[4] == "urn:ietf:params:rtp-hdrext:sdes:mid"
    assert len(video.ssrcs) == 1
    assert list(video.rtx_ssrcs.values()) == list(video.ssrcs)
    assert audio.streams == video.streams
    assert video.reduced_size


def test_a_peer_that_insists_on_being_the_dtls_server_is_accepted() -> None:
    assert parse_offer(read("ffmpeg-publish")).setup is Setup.PASSIVE


def test_with_several_transports_that_of_the_first_bundled_line_counts() -> None:
    other = f"a=ice-ufrag:other\r\na=ice-pwd:9876543210abcdefghijkl\r\na=fingerprint:sha-256 {DIGEST}\r\n"
    offer = SMALL.replace("a=mid:1\r\n", f"a=mid:1\r\n{other}")

    assert parse_offer(offer).ufrag == "abcd"
    assert parse_offer(offer.replace("BUNDLE 0 1", "BUNDLE 1 0").replace("m=audio 9", "m=audio 0")).ufrag == "other"


def test_a_data_channel_is_read_and_can_be_rejected() -> None:
    offer = parse_offer(SMALL + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=sctp-port:5000\r\n")

    assert [media.kind for media in offer.media] == [Kind.AUDIO, Kind.VIDEO, Kind.OTHER]
    assert offer.media[2].formats == ("webrtc-datachannel",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("v=0", "v=1", "does not begin with v=0"),
        ("a=group:BUNDLE 0 1\r\n", "", "not bundled"),
        ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "not bundled"),
        ("a=ice-ufrag:abcd\r\n", "", "ice-ufrag"),
        ("a=ice-ufrag:abcd", "a=ice-ufrag:a b c d", "ice-ufrag"),
        ("a=ice-pwd:0123456789abcdefghijkl", "a=ice-pwd:short", "ice-pwd"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "no DTLS fingerprint"),
        ("AB:AB\r\n", "AB\r\n", "not 32 bytes"),
        ("a=setup:actpass", "a=setup:holdconn", "setup"),
        ("a=rtcp-mux\r\n", "", "rtcp-mux"),
        ("a=mid:1", "a=mid:0", "same mid"),
        ("a=mid:1", "a=mid:a b", "a mid"),
        ("UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111", "not for DTLS-SRTP"),
        ("UDP/TLS/RTP/SAVPF 111", "<b> 111", "protocol"),
        ("m=audio 9", "m=audio 99999", "port"),
        ("SAVPF 111", "SAVPF 200", "payload type"),
        ("opus/48000/2", "opus/fast/2", "clock rate"),
        ("opus/48000/2", "o p/48000", "name of a codec"),
        ("fmtp:97 apt=96", "fmtp:97 apt=x", "payload type"),
        ("extmap:4", "extmap:99999", "extmap"),
        ("c=IN", "?=IN", "line 7"),
        ("s=-", "s=\x00", "line 3"),
        ("s=-", "s=" + 3000 * "x", "longer than"),
        ("s=-", "s=-" + 40 * ("\r\na=x:" + 2000 * "x"), "larger than"),
    ],
)
def test_what_is_wrong_with_an_offer_is_said(old: str, new: str, why: str) -> None:
    assert old in SMALL

    with pytest.raises(PeerError, match=why):
        parse_offer(SMALL.replace(old, new, 1))


def test_an_offer_without_media_or_with_too_much_of_it_is_refused() -> None:
    with pytest.raises(PeerError, match="no m-line"):
        parse_offer(SMALL.partition("m=")[0])
    with pytest.raises(PeerError, match="more than 16"):
        parse_offer(SMALL + 16 * "m=audio 0 RTP/AVP 0\r\n")
    with pytest.raises(PeerError, match="more than 64 lines of extmap"):
        parse_offer(SMALL.replace("t=0 0", "t=0 0\r\n" + "a=extmap:1 u\r\n" * 65))
    with pytest.raises(PeerError, match="more than 64 SSRCs"):
        parse_offer(SMALL + "".join(f"a=ssrc:{number} cname:x\r\n" for number in range(65)))
    with pytest.raises(PeerError, match="more than 128 payload types"):
        parse_offer(SMALL.replace("SAVPF 111", "SAVPF" + 129 * " 111"))


def test_a_fragment_brings_candidates_and_the_credentials_of_a_restart() -> None:
    fragment = parse_fragment(FRAGMENT)

    assert (fragment.ufrag, fragment.password.reveal()) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert [(one.host, one.port, one.transport) for one in fragment.candidates] == [
        ("192.0.2.1", 61764, "udp"),
        ("7fa1-3.local", 61765, "udp"),
    ]
    assert fragment.end


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither"),
        ("a=mid:0\r\n", "neither"),
        ("a=ice-ufrag:EsAw\r\n", "ice-pwd"),
        ("a=candidate:1 1 udp 1 192.0.2.1 1 host\r\n", "of the form"),
        ("a=candidate:1 1 udp 1 192.0.2.1 70000 typ host\r\n", "port"),
        ("a=candidate:1 1 udp x 192.0.2.1 7 typ host\r\n", "priority"),
        (257 * "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n", "more than 256"),
    ],
)
def test_what_is_wrong_with_a_fragment_is_said(text: str, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        parse_fragment(text)


@settings(max_examples=300)
@given(data=st.data())
def test_no_text_does_worse_than_a_peer_error(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([read(path.stem) for path in REAL] + [SMALL, FRAGMENT]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.text(max_size=8)) + text[at + data.draw(st.integers(0, 30)) :]

    for parse in (parse_offer, parse_fragment):
        with contextlib.suppress(PeerError):
            parse(text)


@given(text=st.text(max_size=400))
def test_no_garbage_does_worse_than_a_peer_error(text: str) -> None:
    with pytest.raises(PeerError):
        parse_offer(text)
