"""Cast: whose streams take part in a mix."""

from collections.abc import Iterable
from dataclasses import dataclass

from tailrace.ids import Room, Stream, UserId
from tailrace.model.mix import LayoutMode, Mix, Voices

WITH_BIG_WINDOW = (LayoutMode.FLOATING, LayoutMode.SCREEN_SHARING)


@dataclass(frozen=True, slots=True)
class Member:
    """One stream that is in a room now, and what it sends. `since` is when it appeared, in Unix seconds.

    `fed_back_from`: the rooms that a stream which a task feeds back into a room was mixed of; empty for all others.
    """

    stream: Stream
    audio: bool
    video: bool
    since: float
    fed_back_from: tuple[Room, ...] = ()

    @property
    def person(self) -> tuple[Room, UserId]:
        """The user; both of his streams have the same."""
        return self.stream.room, self.stream.user


def by_entry(members: Iterable[Member]) -> list[Member]:
    """Return the members in the order in which they appeared; the token decides between those of one moment."""
    return sorted(members, key=lambda member: (member.since, member.stream.token))


def levels_of(voices: Voices) -> dict[tuple[Room, UserId], int]:
    """Return the SoundLevel of everybody on the whitelist. Who is on both lists is left out (spec/02 section 1.2)."""
    never = {(voice.room, voice.user) for voice in voices.never}
    levels = {(voice.room, voice.user): voice.level for voice in voices.only}
    return {person: level for person, level in levels.items() if person not in never}


def rooms_of(main: Room, mix: Mix) -> frozenset[Room]:
    """Return all rooms that take part: the main one, and those of everybody who is named."""
    return frozenset({main, *(voice.room for voice in mix.voices.only), *(room for room, _ in _laid_out(mix))})


def named(mix: Mix) -> set[tuple[Room, UserId]]:
    """Return the users that the video parameters or the audio whitelist name."""
    return _laid_out(mix) | levels_of(mix.voices).keys()


def taking_part(members: Iterable[Member], main: Room, mix: Mix, *, feeds_back: bool = False) -> list[Member]:
    """Return who is seen or heard, as far as there is room, in order of entry.

    From other rooms these are the named users alone, with both of their streams: one who is named for his screen has
    his microphone on the main stream. A fed-back stream takes part when it is named, or when none of our rooms is one
    that it was mixed of (spec/02 section 5): else people would be seen and heard twice. In a mix that is fed back
    itself (`feeds_back`) it never does, named or not: two tasks would feed each other for ever.
    """
    by_name, rooms = named(mix), rooms_of(main, mix)
    return by_entry(
        member
        for member in members
        if not (feeds_back and member.fed_back_from)
        and (member.person in by_name or (member.stream.room == main and rooms.isdisjoint(member.fed_back_from)))
    )


def _laid_out(mix: Mix) -> set[tuple[Room, UserId]]:
    """Return the users that the video parameters name, where the layout's mode reads them."""
    if mix.scene is None:
        return set()
    layout = mix.scene.layout
    streams: list[Stream | None] = []
    if layout.mode is LayoutMode.CUSTOM:
        streams = [slot.who for slot in layout.slots]
    elif layout.mode in WITH_BIG_WINDOW:
        streams = [layout.biggest]
    return {(stream.room, stream.user) for stream in streams if stream is not None}
