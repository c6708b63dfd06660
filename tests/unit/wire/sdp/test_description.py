"""Description: which m-lines of an offer are tracks."""

import pytest

from tailrace.errors import OfferUnusable
from tailrace.wire.sdp import Direction, Kind, parse_offer
from tests.unit.wire.sdp.offers import SMALL

AUDIO, VIDEO = "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96 97"


def kinds(text: str) -> list[Kind]:
    return [media.kind for media in parse_offer(text).tracks()]


def test_sound_and_pictures_are_tracks_whichever_way_they_flow() -> None:
    assert kinds(SMALL) == [Kind.AUDIO, Kind.VIDEO]
    assert kinds(SMALL.replace("sendonly", "recvonly")) == [Kind.AUDIO, Kind.VIDEO]


@pytest.mark.parametrize("line", [VIDEO.replace(" 9 ", " 0 "), VIDEO.replace("video", "text")])
def test_what_is_rejected_or_something_else_is_none(line: str) -> None:
    assert kinds(SMALL.replace(VIDEO, line)) == [Kind.AUDIO]


def test_what_is_inactive_is_none() -> None:
    assert kinds(SMALL.replace("a=sendonly", "a=inactive", 1)) == [Kind.VIDEO]


def test_two_of_a_kind_are_refused_unless_one_does_not_flow() -> None:
    twice = SMALL.replace(AUDIO, VIDEO).replace("a=rtpmap:111 opus/48000/2", "a=rtpmap:96 H264/90000")

    with pytest.raises(OfferUnusable, match="at most one video track"):
        kinds(twice)
    assert kinds(twice.replace("a=sendonly", "a=inactive", 1)) == [Kind.VIDEO]


def test_who_sends_and_who_receives() -> None:
    assert [way for way in Direction if way.sends] == [Direction.SENDRECV, Direction.SENDONLY]
    assert [way for way in Direction if way.receives] == [Direction.SENDRECV, Direction.RECVONLY]
