"""Mix verdict: what must hold of the demo's mix, and that each thing that is wrong is found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tailrace.cli.demo.mix_verdict import Mix, Person, checks, facts
from tailrace.cli.mix_options import LayoutName

PEOPLE = (Person("ada", "Ada", 1), Person("ben", "Ben", 2))
HALF = {"pictures": 60, "seen": {"1": 60, "2": 60}, "heard": {"1": 0.05, "2": 0.049}}
SEEN = {
    "video_codec": "h264",
    "width": 1280,
    "height": 720,
    "frames": 120,
    "audio_codec": "aac",
    "audio_rate_hz": 48000,
    "channels": 2,
    "audio_frames": 375,
    "first": 0.0,
    "last": 8.0,
    "steady": True,
    "halves": [HALF, HALF],
    "switch_at": 4.0,
    "longest_gap": 0.067,
}
WINDOWS = tuple({"UserId": user, "Live": 1} for user in ("ada", "ben"))
DESTINATION = {"Connects": 1, "DroppedFrames": 0}
GOOD = Mix(
    PEOPLE,
    (LayoutName.GRID, LayoutName.FLOATING),
    Path("a.flv"),
    Path("a.png"),
    fps=15,
    ran=8.0,
    changed_in=0.2,
    end_seen_in=0.05,
    windows=(WINDOWS, WINDOWS),
    task={"Destinations": [DESTINATION], "Notes": []},
    record={"ended": "unpublished"},
    seen=SEEN,
)


def wrong(mix: Mix) -> list[str]:
    return [check.name for check in checks(mix) if not check.holds]


def with_seen(**change: Any) -> Mix:
    return replace(GOOD, seen={**SEEN, **change})


def after(**change: Any) -> list[dict[str, Any]]:
    return [HALF, {**HALF, **change}]


def test_a_good_mix_has_nothing_wrong() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"switch_at": None}, "update: seen at the CDN"),
        ({"halves": after(seen={"1": 60, "2": 30})}, "after: people seen"),
        ({"halves": after(seen={"1": 60})}, "after: people seen"),
        ({"halves": after(pictures=0, seen={})}, "after: people seen"),
        ({"halves": after(heard={"1": 0.05, "2": 0.01})}, "after: tones heard"),
        ({"halves": after(heard={})}, "after: tones heard"),
        ({"frames": 20}, "frames"),
        ({"longest_gap": 3.5}, "frames"),
        ({"last": 3.0}, "frames"),
        ({"steady": False}, "timestamps"),
        ({"video_codec": "vp8"}, "picture"),
        ({"audio_frames": 0}, "sound"),
    ],
)
def test_what_arrived_wrong_is_found(change: dict[str, Any], name: str) -> None:
    assert wrong(with_seen(**change)) == [name]


def test_a_busy_machine_that_skipped_every_third_frame_and_was_late_with_a_person_is_no_fault() -> None:
    assert wrong(with_seen(frames=80, longest_gap=0.9, halves=after(seen={"1": 60, "2": 52}))) == []


def test_who_is_missing_is_named() -> None:
    mix = with_seen(halves=after(seen={"1": 60, "2": 15}, heard={"1": 0.05}))

    found = [check.found for check in checks(mix) if not check.holds]

    assert found == ["1 of 2 in their windows, 60 pictures; not Ben (25%)", "1 of 2; not Ben's 300 Hz"]


def test_when_all_are_missing_nobody_is_named() -> None:
    # Sixteen names and tones would be a line of four hundred letters, twice.
    found = [check.found for check in checks(with_seen(halves=after(seen={}, heard={}))) if not check.holds]

    assert found == ["0 of 2 in their windows, 60 pictures", "0 of 2"]


@pytest.mark.parametrize(
    "windows",
    [
        WINDOWS[:1],
        ({"UserId": "ada", "Live": 1}, {"UserId": "ben", "Live": 0}),
        (*WINDOWS, {"UserId": "ada", "Live": 1}),
    ],
)
def test_windows_without_everybody_or_with_somebody_twice_are_found(windows: tuple[dict[str, Any], ...]) -> None:
    assert wrong(replace(GOOD, windows=(windows, WINDOWS))) == ["before: windows"]


@pytest.mark.parametrize("seconds", [None, 9.0, -0.1])
def test_an_update_that_never_came_or_came_late_or_too_soon_is_found(seconds: float | None) -> None:
    assert wrong(replace(GOOD, changed_in=seconds)) == ["update: seen at the CDN"]


def test_a_second_connection_is_found() -> None:
    task = {"Destinations": [{**DESTINATION, "Connects": 2}], "Notes": []}

    assert wrong(replace(GOOD, task=task)) == ["connection to the CDN"]


def test_a_broken_connection_is_no_clean_end() -> None:
    assert wrong(replace(GOOD, record={"ended": "lost"})) == ["clean end"]


def test_an_end_that_is_seen_late_is_found() -> None:
    assert wrong(replace(GOOD, end_seen_in=4.0)) == ["stop: CDN saw the end"]


def test_of_files_only_what_can_be_known_is_judged() -> None:
    people = [replace(person, guest=0, file=Path("a.mp4")) for person in PEOPLE]
    silent = {"pictures": 60, "seen": {}, "heard": {}}

    assert wrong(replace(GOOD, people=people, seen={**SEEN, "halves": [silent, silent]})) == []


def test_who_sends_sound_only_needs_no_window() -> None:
    people = [PEOPLE[0], replace(PEOPLE[1], guest=0, file=Path("a.m4a"), video=False)]

    mix = replace(GOOD, people=people, windows=(WINDOWS[:1], WINDOWS[:1]))

    assert wrong(mix) == []
    assert facts(mix)["before: windows"] == "grid, 1 live of 1 people with a picture"


def test_a_further_push_that_does_not_run_is_found() -> None:
    refused = {"Url": "rtmp://cdn/live/secret", "State": "connecting", "Reason": "Connection refused", "SentBytes": 0}

    found = wrong(replace(GOOD, task={"Destinations": [DESTINATION, refused], "Notes": []}))

    assert found == ["push 1: rtmp://cdn/***"]


def test_the_report_marks_what_is_wrong_and_tells_what_was_left_out() -> None:
    task = {"Destinations": [{**DESTINATION, "DroppedFrames": 3}], "Notes": ["too slow"]}

    told = facts(replace(GOOD, task=task, record={"ended": "lost"}))

    assert told["clean end"] == "the CDN saw: lost  <- WRONG"
    assert told["notes"] == "too slow; frames dropped on the way: 3"
