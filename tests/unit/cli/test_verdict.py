"""Verdict: what must hold of a relay, and that each thing that is wrong is found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tailrace.cli.demo.verdict import Relay, checks, facts

SEEN = {
    "video_codec": "h264",
    "width": 1280,
    "height": 720,
    "frames": 150,
    "distinct": 12,
    "audio_codec": "aac",
    "audio_rate_hz": 48000,
    "channels": 2,
    "audio_frames": 230,
    "level_db": -21.0,
    "tone_hz": 440,
    "first": 0.0,
    "last": 5.0,
    "steady": True,
}
GOOD = Relay(
    "test picture",
    "demo-1",
    "guest1",
    Path("a.flv"),
    Path("a.png"),
    generated=True,
    video=True,
    audio=True,
    relayed=5.0,
    published=150,
    end_seen_in=0.05,
    record={"ended": "unpublished"},
    seen=SEEN,
)


def wrong(relay: Relay) -> list[str]:
    return [check.name for check in checks(relay) if not check.holds]


def test_a_good_relay_has_nothing_wrong() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"video_codec": "vp8"}, "picture"),
        ({"frames": 0}, "frames"),
        ({"frames": 140}, "frames"),
        ({"distinct": 1}, "frames"),
        ({"audio_frames": 0}, "sound"),
        ({"audio_codec": ""}, "sound"),
        ({"tone_hz": 880}, "tone"),
        ({"level_db": -90.0}, "tone"),
        ({"last": 3.0}, "length"),
        ({"steady": False}, "timestamps"),
    ],
)
def test_what_arrived_wrong_is_found(change: dict[str, Any], name: str) -> None:
    assert wrong(replace(GOOD, seen={**SEEN, **change})) == [name]


def test_a_broken_connection_is_no_clean_end() -> None:
    assert wrong(replace(GOOD, record={"ended": "lost"})) == ["clean end"]


def test_an_end_that_is_seen_late_is_found() -> None:
    assert wrong(replace(GOOD, end_seen_in=2.0)) == ["stop: CDN saw the end"]


def test_a_still_and_silent_file_of_somebody_elses_is_no_fault_of_the_relay() -> None:
    assert wrong(replace(GOOD, generated=False, seen={**SEEN, "distinct": 1, "level_db": -120.0, "tone_hz": 100})) == []


def test_a_track_that_was_not_published_is_not_asked_for() -> None:
    assert wrong(replace(GOOD, audio=False, seen={**SEEN, "audio_codec": "", "audio_frames": 0})) == []


def test_each_further_push_is_told_without_its_key_and_one_that_does_not_run_is_found() -> None:
    runs = {"Url": "rtmp://a/live/secret", "State": "running", "Reason": "", "SentBytes": 512_400}
    refused = {"Url": "rtmp://b/live/secret", "State": "connecting", "Reason": "Connection refused", "SentBytes": 0}
    relay = replace(GOOD, destinations=[{"Connects": 1}, runs, refused])

    assert wrong(relay) == ["push 2: rtmp://b/***"]
    assert facts(relay)["push 1: rtmp://a/***"] == "running, 512 kB sent"
    assert facts(relay)["push 2: rtmp://b/***"] == "connecting, 0 kB sent; Connection refused  <- WRONG"
