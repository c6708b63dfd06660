"""Mix verdict: what must hold of the demo's mix at its end, each with what was found.

It is also held on machines that do other things meanwhile: a frame that was left out is told, and no fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailrace.cli.demo.verdict import Check, ms, pushed, told
from tailrace.cli.mix_options import LayoutName
from tailrace.media.guest import GUESTS, LEVEL

# Of the pictures in which somebody should be in his window; on a machine that is too slow a source may be late.
MIN_SEEN = 0.8
# Of the pictures that the frame rate asks for, and the longest time without one: a mixer that gets a third of
# the time that it needs leaves out two of three, and says so.
MIN_FRAMES = 0.25
MAX_GAP = 3.0
# Of the time between the first key frame and the stop.
MIN_LENGTH = 0.8
# Of the amplitude with which a tone was sent; all are mixed as they are.
MIN_TONE = 0.5
# An update is seen within a few frames; this is for a machine that is busy.
MAX_UPDATE = 5.0
MAX_END_SEEN = 3.0
HALVES = ("before", "after")


@dataclass(slots=True)
class Person:
    """Who takes part: a generated guest by his number, or else somebody who shows a file."""

    user: str
    label: str
    guest: int = 0
    file: Path | None = None
    video: bool = True
    audio: bool = True


@dataclass(slots=True)
class Mix:
    """The demo's mix. Times are seconds; `windows` are those of DescribePublishCdnStream before and after the update.

    `settled` is the time of the stream from which on everybody should be seen; `changed_in` is from the update call to
    the arrival of the first changed picture at a viewer.
    """

    people: Sequence[Person]
    layouts: tuple[LayoutName, LayoutName]
    flv: Path
    sheet: Path
    task_id: str = ""
    fps: int = 0
    answered_in: float = 0.0
    picture_in: float = 0.0
    everybody_in: float = 0.0
    settled: float = 0.0
    ran: float = 0.0
    update_answered_in: float = 0.0
    changed_in: float | None = None
    stop_answered_in: float = 0.0
    end_seen_in: float = 0.0
    windows: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]] = ((), ())
    task: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)


def checks(mix: Mix) -> list[Check]:
    """Return what must hold of a mix that has ended."""
    seen = mix.seen
    connects = mix.task["Destinations"][0]["Connects"]
    found = [*_update(mix)]
    for number in range(len(HALVES)):
        found += [_windows(mix, number), *_seen(mix, number), *_heard(mix, number)]
    return [
        *found,
        _frames(mix),
        Check("timestamps", bool(seen["steady"]), "rise steadily" if seen["steady"] else "go back"),
        Check("picture", seen["video_codec"] == "h264", f"{seen['video_codec']} {seen['width']}x{seen['height']}"),
        Check("sound", seen["audio_codec"] == "aac" and seen["audio_frames"] > 0, _sound(seen)),
        Check("connection to the CDN", connects == 1, "the same all along" if connects == 1 else f"{connects} of them"),
        Check("clean end", mix.record["ended"] == "unpublished", f"the CDN saw: {mix.record['ended'] or 'nothing'}"),
        Check("stop: CDN saw the end", 0 <= mix.end_seen_in <= MAX_END_SEEN, ms(mix.end_seen_in)),
        *pushed(mix.task["Destinations"]),
    ]


def facts(mix: Mix) -> dict[str, str]:
    """Return what is reported of a mix, by name."""
    dropped = mix.task["Destinations"][0]["DroppedFrames"]
    notes = [*mix.task["Notes"], *([f"frames dropped on the way: {dropped}"] if dropped else [])]
    return {
        "start: API answered": ms(mix.answered_in),
        "start: first key frame at the CDN": ms(mix.picture_in),
        "start: everybody in the picture": ms(mix.everybody_in),
        "update: API answered": ms(mix.update_answered_in),
        **told(checks(mix)),
        "stop: API answered": ms(mix.stop_answered_in),
        **({"notes": "; ".join(notes)} if notes else {}),
        "saved": str(mix.flv),
        "pictures": str(mix.sheet),
    }


def _update(mix: Mix) -> list[Check]:
    if mix.seen["switch_at"] is None or mix.changed_in is None:
        return [Check("update: seen at the CDN", False, "the watermark was never seen")]
    return [
        Check(
            "update: seen at the CDN",
            0 <= mix.changed_in <= MAX_UPDATE,
            f"{ms(mix.changed_in)} after the call, {mix.seen['switch_at']:.1f} s into the stream",
        )
    ]


def _windows(mix: Mix, half: int) -> Check:
    """What the API says of the windows."""
    wanted = sorted(person.user for person in mix.people if person.video)
    live = sorted(str(window["UserId"]) for window in mix.windows[half] if window["Live"])
    who = "people" if len(wanted) == len(mix.people) else "people with a picture"
    text = f"{mix.layouts[half]}, {len(live)} live of {len(wanted)} {who}"
    return Check(f"{HALVES[half]}: windows", live == wanted, text)


def _seen(mix: Mix, half: int) -> list[Check]:
    """Who is found in his window; of a file we cannot know what should be found."""
    guests = [person.guest for person in mix.people if person.guest]
    if not guests:
        return []
    found = mix.seen["halves"][half]
    pictures = int(found["pictures"])
    share = {number: found["seen"].get(str(number), 0) / max(1, pictures) for number in guests}
    missing = [number for number in guests if share[number] < MIN_SEEN]
    text = f"{len(guests) - len(missing)} of {len(guests)} in their windows, {pictures} pictures"
    if 0 < len(missing) < len(guests):
        text += "; not " + ", ".join(f"{GUESTS[number - 1].name} ({share[number]:.0%})" for number in missing)
    return [Check(f"{HALVES[half]}: people seen", not missing and pictures > 0, text)]


def _heard(mix: Mix, half: int) -> list[Check]:
    guests = [person.guest for person in mix.people if person.guest]
    if not guests:
        return []
    heard = mix.seen["halves"][half]["heard"]
    missing = [number for number in guests if heard.get(str(number), 0.0) < MIN_TONE * LEVEL]
    text = f"{len(guests) - len(missing)} of {len(guests)}"
    if 0 < len(missing) < len(guests):
        text += "; not " + ", ".join(
            f"{GUESTS[number - 1].name}'s {GUESTS[number - 1].tone_hz} Hz" for number in missing
        )
    return [Check(f"{HALVES[half]}: tones heard", not missing, text)]


def _frames(mix: Mix) -> Check:
    seen = mix.seen
    length = float(seen["last"]) - float(seen["first"])
    frames, gap = int(seen["frames"]), float(seen["longest_gap"])
    holds = length >= MIN_LENGTH * mix.ran and frames >= MIN_FRAMES * mix.fps * length and gap <= MAX_GAP
    return Check("frames", holds, f"{frames} in {length:.1f} s of {mix.ran:.1f} s, longest gap {ms(gap)}")


def _sound(seen: Mapping[str, Any]) -> str:
    return f"{seen['audio_codec']} {seen['audio_rate_hz']} Hz, {seen['channels']} ch"
