"""Publishing: what is taken of offers, and which of them are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import OfferUnusable, PeerError
from tailrace.wire.publishing import SEND_TIME, TRANSPORT_SEQUENCE, choose
from tailrace.wire.sdp import MID, Accepted, Direction, parse_offer

HEAD = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE {mids}
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {digest}
a=setup:actpass
"""
# As browsers offer it, shortened: what matters is the order and the parameters.
VIDEO = """\
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 102
a=mid:{mid}
a=sendonly
a=rtcp-mux
a=msid:camera {mid}
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:13 urn:3gpp:video-orientation
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 H264/90000
a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:99 H264/90000
a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f
a=rtpmap:100 H264/90000
a=rtcp-fb:100 goog-remb
a=rtcp-fb:100 nack
a=fmtp:100 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rtpmap:102 AV1/90000
"""
AUDIO = """\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0
a=mid:{mid}
a=sendonly
a=rtcp-mux
a=msid:camera {mid}
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1
a=rtpmap:63 red/48000/2
"""
DATA = """\
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:{mid}
"""


def offer(*parts: str) -> str:
    mids = [str(number) for number in range(len(parts))]
    head = HEAD.format(mids=" ".join(mids), digest=":".join(["AB"] * 32))
    return head + "".join(part.format(mid=mid) for part, mid in zip(parts, mids, strict=True))


def chosen(*parts: str, prefer_vp8: bool = False) -> tuple[Accepted | None, ...]:
    return choose(parse_offer(offer(*parts)), prefer_vp8=prefer_vp8)


def payload_type(accepted: Accepted | None) -> int:
    assert accepted is not None
    return accepted.codecs[0].payload_type


def test_baseline_h264_in_several_packets_is_preferred_wherever_it_stands() -> None:
    (video,) = chosen(VIDEO)

    assert video is not None
    assert [codec.payload_type for codec in video.codecs] == [100]
    assert video.rtx == {101: 100}
    assert video.direction is Direction.RECVONLY


def test_vp8_is_taken_when_it_is_preferred() -> None:
    (video,) = chosen(VIDEO, prefer_vp8=True)

    assert video is not None
    assert [codec.name for codec in video.codecs] == ["VP8"]
    assert video.rtx == {97: 96}


def test_vp8_is_taken_when_there_is_no_h264_and_h264_when_there_is_no_vp8() -> None:
    assert payload_type(chosen(VIDEO.replace("H264", "H265"))[0]) == 96
    assert payload_type(chosen(VIDEO.replace("VP8", "VP9"), prefer_vp8=True)[0]) == 100


def test_h264_of_another_profile_is_taken_when_it_is_all_there_is() -> None:
    assert payload_type(chosen(VIDEO.replace("VP8", "VP9").replace("42e01f", "640028"))[0]) == 99


def test_extensions_that_are_used_are_accepted_and_no_others() -> None:
    (video,) = chosen(VIDEO)

    assert video is not None
    assert video.extensions == {2: SEND_TIME, 4: TRANSPORT_SEQUENCE, 9: MID}


def test_feedback_is_what_both_sides_can_do_and_one_estimate_of_the_line() -> None:
    (h264,), (vp8,) = chosen(VIDEO), chosen(VIDEO, prefer_vp8=True)

    assert h264 is not None
    assert vp8 is not None
    assert h264.codecs[0].feedback == ("goog-remb", "nack")
    assert vp8.codecs[0].feedback == ("transport-cc", "ccm fir", "nack", "nack pli")


def test_opus_is_asked_for_in_stereo_and_without_pauses() -> None:
    (audio,) = chosen(AUDIO)

    assert audio is not None
    assert audio.codecs[0].fmtp == {"minptime": "10", "useinbandfec": "1", "stereo": "1"}
    assert audio.codecs[0].feedback == ("transport-cc",)


def test_a_data_channel_is_rejected_beside_tracks_that_are_taken() -> None:
    said = chosen(AUDIO, DATA, VIDEO)

    assert [accepted is not None for accepted in said] == [True, False, True]


def test_sendrecv_is_answered_like_sendonly_and_inactive_m_lines_are_rejected() -> None:
    said = chosen(VIDEO.replace("sendonly", "sendrecv"), AUDIO.replace("sendonly", "inactive"))

    assert payload_type(said[0]) == 100
    assert said[1] is None


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([VIDEO, VIDEO], "at most one video track"),
        ([AUDIO, AUDIO, VIDEO], "at most one audio track"),
        ([VIDEO, AUDIO.replace("camera", "screen")], "one MediaStream"),
        ([VIDEO.replace("sendonly", "recvonly")], "only receives"),
        ([VIDEO, AUDIO.replace("sendonly", "recvonly")], "only receives"),
        ([VIDEO.replace("sendonly", "inactive")], "neither sound nor pictures"),
        ([VIDEO.replace("m=video 9", "m=video 0"), DATA], "neither sound nor pictures"),
        ([VIDEO.replace("VP8", "VP9").replace("H264", "H265")], r"offer H\.264 or VP8"),
        ([VIDEO, AUDIO.replace("opus", "PCMU")], "offer Opus"),
        ([AUDIO.replace("48000/2", "48000")], "offer Opus"),
        ([VIDEO.replace("90000", "8000")], r"offer H\.264 or VP8"),
    ],
)
def test_what_cannot_be_taken_as_a_whole_is_refused_with_the_way_out(parts: list[str], why: str) -> None:
    with pytest.raises(OfferUnusable, match=why):
        chosen(*parts)


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", "sendonly", "recvonly", "9", "H264", "a=b"]))))
def test_a_changed_offer_is_answered_or_refused_and_nothing_else(changes: list[tuple[int, str]]) -> None:
    lines = offer(VIDEO, AUDIO, DATA).splitlines()
    for number, text in changes:
        words = lines[number % len(lines)].split(" ")
        lines[number % len(lines)] = " ".join([*words[:-1], text])
    try:
        parsed = parse_offer("\r\n".join(lines))
        said = choose(parsed)
    except (PeerError, OfferUnusable):
        return
    assert any(said)
    assert len(said) == len(parsed.media)
