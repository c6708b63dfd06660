"""SRTP: both directions of one session."""

import os

import pytest

from tailrace.net.webrtc.srtp import PROFILES, Profile, Srtp
from tests.fakes.browser import rtcp, rtp


def pair(profile: Profile) -> tuple[Srtp, Srtp]:
    keys = [os.urandom(profile.key_size + profile.salt_size) for _ in range(2)]
    return Srtp(profile, *keys), Srtp(profile, *reversed(keys))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_what_one_side_protects_the_other_one_reads_once(profile: Profile) -> None:
    ours, theirs = pair(profile)
    media, report = ours.protect_rtp(rtp(1)), ours.protect_rtcp(rtcp())
    assert media is not None
    assert report is not None

    assert rtp(1)[12:] not in media
    assert (theirs.rtp(media), theirs.rtcp(report)) == (rtp(1), rtcp())
    assert (theirs.rtp(media), theirs.rtcp(report)) == (None, None)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_a_changed_packet_is_refused_wherever_it_was_changed(profile: Profile) -> None:
    ours, theirs = pair(profile)
    media = ours.protect_rtp(rtp(1))
    assert media is not None

    for at in range(len(media)):
        assert theirs.rtp(media[:at] + bytes([media[at] ^ 1]) + media[at + 1 :]) is None
    for size in range(len(media)):
        assert theirs.rtp(media[:size]) is None
        assert theirs.rtcp(media[:size]) is None
    assert theirs.rtp(media) == rtp(1)


def test_a_packet_may_be_sent_again_as_an_answer_to_nack() -> None:
    ours, theirs = pair(PROFILES[0])
    first, again = ours.protect_rtp(rtp(1)), ours.protect_rtp(rtp(1))

    assert first == again
    assert first is not None
    assert theirs.rtp(first) == rtp(1)
