"""What is taken of the offer of one who watches."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import OfferUnusable, PeerError
from tailrace.unit import Codec
from tailrace.wire import viewing
from tailrace.wire.rtp.outgoing import SentTrack
from tailrace.wire.sdp import Accepted, Direction, parse_offer

HEAD = [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
    "a=setup:actpass",
]
AUDIO = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
    "a=mid:0",
    "a=recvonly",
    "a=rtcp-mux",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:0 PCMU/8000",
]
VP8 = ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]
H264 = [
    "a=rtpmap:102 H264/90000",
    "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f",
    "a=rtcp-fb:102 nack",
    "a=rtcp-fb:102 goog-remb",
    "a=rtpmap:103 rtx/90000",
    "a=fmtp:103 apt=102",
    "a=rtpmap:104 H264/90000",
    "a=fmtp:104 packetization-mode=0;profile-level-id=640c1f",
    "a=rtpmap:106 H264/90000",
    "a=fmtp:106 packetization-mode=1;profile-level-id=640c1f",
]


def video(*codecs: list[str]) -> list[str]:
    head = ["m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 106", "a=mid:1", "a=recvonly", "a=rtcp-mux"]
    return [*head, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", *itertools.chain(*codecs)]


def sdp(*parts: list[str]) -> str:
    return "\r\n".join([*HEAD, *itertools.chain(*parts), ""])


def choose(
    text: str, *published: Codec, profile: str = "", draw: Callable[[int], int] = lambda bits: (1 << bits) - 1
) -> tuple[tuple[Accepted | None, ...], tuple[SentTrack, ...]]:
    return viewing.choose(parse_offer(text), published, profile, "name", draw)


def test_sound_and_pictures_are_sent_as_they_are_published() -> None:
    (sound, picture), (audio_track, video_track) = choose(sdp(AUDIO, video(VP8, H264)), Codec.AAC, Codec.H264)

    assert sound is not None
    assert picture is not None
    assert (sound.direction, picture.direction) == (Direction.SENDONLY, Direction.SENDONLY)
    assert picture.codecs[0].payload_type == 102
    assert audio_track.payload_types == {Codec.OPUS: 111}
    assert video_track.payload_types == {Codec.H264: 102, Codec.VP8: 96}
    assert (video_track.mid, video_track.mid_id) == ("1", 4)


def test_retransmission_has_its_own_payload_types_and_ssrc() -> None:
    (_, picture), (_, track) = choose(sdp(AUDIO, video(VP8, H264)), Codec.VP8)

    assert picture is not None
    assert picture.sending is not None
    assert picture.codecs[0].payload_type == 96
    assert track.rtx == {102: 103, 96: 97}
    assert picture.rtx == {103: 102, 97: 96}
    assert picture.sending.rtx_ssrc == track.rtx_ssrc != track.ssrc == picture.sending.ssrc


def test_feedback_by_which_a_rate_is_chosen_is_not_asked_for() -> None:
    (sound, picture), _ = choose(sdp(AUDIO, video(VP8, H264)), Codec.H264)

    assert sound is not None
    assert picture is not None
    assert [codec.feedback for codec in picture.codecs] == [("nack",), ("nack pli",)]
    assert sound.codecs[0].feedback == ()
    assert sound.codecs[0].fmtp["stereo"] == "1"


def test_the_published_profile_is_chosen_where_it_is_offered() -> None:
    _, (track,) = choose(sdp(video(VP8, H264)), Codec.H264, profile="64")

    assert track.payload_types[Codec.H264] == 106


def test_another_profile_does_when_the_published_one_is_not_offered() -> None:
    _, (track,) = choose(sdp(video(H264)), Codec.H264, profile="4d")

    assert track.payload_types[Codec.H264] in (102, 106)


@pytest.mark.parametrize(
    ("offer", "published", "words"),
    [
        (sdp(AUDIO, video(VP8)), Codec.H264, "video is H264"),
        (sdp(AUDIO, video(H264)), Codec.VP8, "video is VP8"),
        (sdp(AUDIO, video(H264[6:8])), Codec.H264, "video is H264"),
        (sdp([*AUDIO[:5], "a=rtpmap:0 PCMU/8000"]), Codec.AAC, "audio is opus"),
        (sdp([line.replace("recvonly", "sendonly") for line in AUDIO]), Codec.AAC, "only sends"),
        (sdp([line.replace("recvonly", "inactive") for line in AUDIO]), Codec.AAC, "neither sound nor pictures"),
        (sdp(AUDIO, [line.replace("mid:0", "mid:1") for line in AUDIO]), Codec.AAC, "at most one audio"),
        (sdp([*AUDIO[:5], "a=rtpmap:0 PCMU/8000"]), Codec.H264, "no codec that rooms carry"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(offer: str, published: Codec, words: str) -> None:
    with pytest.raises(OfferUnusable, match=words):
        choose(offer, published)


def test_sound_alone_may_be_watched() -> None:
    accepted, tracks = choose(sdp(AUDIO), Codec.AAC, Codec.H264)

    assert len(accepted) == len(tracks) == 1


def test_numbers_begin_in_the_lower_half() -> None:
    _, tracks = choose(sdp(AUDIO, video(H264)), Codec.H264)

    assert all(0 <= track.sequence < 1 << 15 and 0 < track.ssrc < track.rtx_ssrc < 1 << 32 for track in tracks[1:])


@given(st.data())
def test_a_mangled_offer_is_refused_or_answered(data: st.DataObject) -> None:
    lines = sdp(AUDIO, video(VP8, H264)).split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case _:
                lines[at], lines[0] = lines[0], lines[at]
    try:
        accepted, tracks = choose("\r\n".join(lines), Codec.H264, Codec.AAC)
    except (PeerError, OfferUnusable):
        return
    assert sum(said is not None for said in accepted) == len(tracks)
