"""Verdict: what must hold of one relay at its end, each with what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailrace.secret import PushUrl

# Twelve pictures are kept; a moving source makes nearly all of them different.
MIN_DISTINCT = 3
# The relay may begin with the group of pictures that is under way, and ends within one frame of the stop.
MIN_SHARE_OF_TIME = 0.9
# What microphones pick up in a quiet room; a broken track is digital silence.
MIN_LEVEL_DB = -60.0
# The last pictures are on their way when the stop comes; all others have arrived.
MAX_UNDERWAY = 5
# What media/source.py makes, and how finely media/look.py looks.
TONE_HZ = 440
TONE_STEP_HZ = 20
# A stop is answered at once and seen at once (the promises are 50 and 200 ms); this is for a machine that does it all.
MAX_END_SEEN = 1.0


@dataclass(slots=True)
class Relay:
    """One relay of the demo. Times are seconds."""

    label: str
    name: str
    user: str
    flv: Path
    sheet: Path
    generated: bool = False
    video: bool = False
    audio: bool = False
    task_id: str = ""
    answered_in: float = 0.0
    picture_in: float = 0.0
    # Seconds of media and pictures that the publisher sent while the relay ran: on a busy machine fewer than planned.
    relayed: float = 0.0
    published: int = 0
    stop_answered_in: float = 0.0
    end_seen_in: float = 0.0
    record: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    # As DescribePublishCdnStream told them just before the stop; the first one is the built-in CDN.
    destinations: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    holds: bool
    found: str


def checks(relay: Relay) -> list[Check]:
    """Return what must hold of a relay that has ended, with what was found."""
    seen, record = relay.seen, relay.record
    length = float(seen["last"]) - float(seen["first"])
    found = [
        Check("clean end", record["ended"] == "unpublished", f"the CDN saw: {record['ended'] or 'nothing'}"),
        Check("stop: CDN saw the end", 0 <= relay.end_seen_in <= MAX_END_SEEN, ms(relay.end_seen_in)),
        Check(
            "length", length >= relay.relayed * MIN_SHARE_OF_TIME, f"{length:.1f} s for {relay.relayed:.1f} s published"
        ),
        Check("timestamps", bool(seen["steady"]), "rise steadily" if seen["steady"] else "go back"),
    ]
    if relay.video:
        size = f"{seen['width']}x{seen['height']}"
        # Of a file of somebody else's we cannot know that it moves, or that it is not silent.
        moving = int(seen["distinct"]) >= MIN_DISTINCT
        found += [
            Check("picture", seen["video_codec"] == "h264" and int(seen["width"]) > 0, f"{seen['video_codec']} {size}"),
            Check("frames", _whole(relay) and (moving or not relay.generated), _frames(relay, moving)),
        ]
    if relay.audio:
        heard = f"{seen['audio_codec']} {seen['audio_rate_hz']} Hz, {seen['channels']} ch"
        found.append(Check("sound", seen["audio_codec"] == "aac" and int(seen["audio_frames"]) > 0, heard))
    if relay.audio and relay.generated:
        near = abs(int(seen["tone_hz"]) - TONE_HZ) <= TONE_STEP_HZ and float(seen["level_db"]) >= MIN_LEVEL_DB
        found.append(Check("tone", near, f"{seen['tone_hz']} Hz at {seen['level_db']} dB"))
    return found + pushed(relay.destinations)


def pushed(destinations: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Return one check for each destination but the first, of which all else is told: whether it takes the stream."""
    found = []
    for place, destination in enumerate(destinations[1:], 1):
        state, reason = destination["State"], destination["Reason"]
        taken = f"{state}, {destination['SentBytes'] / 1000:.0f} kB sent"
        text = f"{taken}; {reason}" if reason else taken
        found.append(Check(f"push {place}: {PushUrl(destination['Url'])}", state == "running", text))
    return found


def facts(relay: Relay) -> dict[str, str]:
    """Return what is reported of a relay, by name."""
    return {
        "start: API answered": ms(relay.answered_in),
        "start: first key frame at the CDN" if relay.video else "start: first sound at the CDN": ms(relay.picture_in),
        "stop: API answered": ms(relay.stop_answered_in),
        **told(checks(relay)),
        "saved": str(relay.flv),
        **({"pictures": str(relay.sheet)} if relay.video else {}),
    }


def told(found: Sequence[Check]) -> dict[str, str]:
    """Return checks as facts."""
    return {check.name: check.found if check.holds else f"{check.found}  <- WRONG" for check in found}


def ms(seconds: float) -> str:
    """Return a time as it is reported."""
    return f"{seconds * 1000:.0f} ms"


def _whole(relay: Relay) -> bool:
    return 0 < relay.published <= int(relay.seen["frames"]) + MAX_UNDERWAY


def _frames(relay: Relay, moving: bool) -> str:
    return f"{relay.seen['frames']} for {relay.published} published, {'moving' if moving else 'still'}"
