"""Voices: whose sound is in a mix, and how loud (spec/02 section 1.2, spec/03 sections 3.4 and 7)."""

from collections.abc import Sequence

from tailrace.ids import Room, Stream, UserId
from tailrace.model.cast import Member, by_entry, levels_of
from tailrace.model.layout import MOST_STREAMS, Window, mixed
from tailrace.model.mix import LayoutMode, Mix

FULL_LEVEL = 100


def heard(mix: Mix, windows: Sequence[Window], members: Sequence[Member], main: Room) -> dict[Stream, int]:
    """Return the streams whose sound is mixed, at most sixteen, with their levels from 0 to 100.

    `windows` are the result of `layout.arrange` for the same `members`, who are those who take part. When more than
    sixteen may be heard, those who have a window come first, then the order of entry decides.
    """
    never = {(voice.room, voice.user) for voice in mix.voices.never}
    levels = levels_of(mix.voices)
    seated = _seated(windows)
    allowed = _allowed(mix, windows, members, main)
    audible = [
        member
        for member in by_entry(members)
        if member.audio
        and member.person not in never
        and (member.person in levels if mix.voices.only else member.stream in allowed)
    ]
    audible.sort(key=lambda member: member.person not in seated)
    return {member.stream: levels.get(member.person, FULL_LEVEL) for member in audible[:MOST_STREAMS]}


def _allowed(mix: Mix, windows: Sequence[Window], members: Sequence[Member], main: Room) -> set[Stream]:
    """Return who may be heard when there is no whitelist."""
    if mix.scene and mix.scene.layout.mode is not LayoutMode.CUSTOM:
        return {member.stream for member in mixed(mix.scene.layout, members, main)}
    if windows:
        seated = _seated(windows)
        return {member.stream for member in members if member.person in seated}
    # Without windows (sound only, or a bare canvas) there are none that all could be taken.
    return {member.stream for member in members if member.stream.room == main}


def _seated(windows: Sequence[Window]) -> set[tuple[Room, UserId]]:
    """Return the users who have a window, or one that is reserved for one of their streams."""
    seated = {window.member.person for window in windows if window.member}
    reserved = (window.slot.who for window in windows if window.slot)
    return seated | {(who.room, who.user) for who in reserved if who}
