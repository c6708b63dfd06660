"""Voices: whose sound is in a mix, and how loud."""

import pytest

from tailrace.ids import Room
from tailrace.model.cast import Member, taking_part
from tailrace.model.layout import arrange
from tailrace.model.mix import Layout, LayoutMode, Mix, Scene, Slot, VideoEncoding, Voice, Voices
from tailrace.model.voices import heard
from tests.unit.model.people import MAIN, OTHER, camera, crowd, member, screen

ENCODING = VideoEncoding(1280, 720, 15, 1000, 2)
EVERYBODY = Voices()
FREE = Slot(None, 0, 0, 320, 180)


def voice(user: str, level: int = 100, room: Room = MAIN) -> Voice:
    return Voice(room, camera(user).user, level)


def custom(*slots: Slot) -> Layout:
    return Layout(LayoutMode.CUSTOM, slots)


def levels(layout: Layout | None, members: list[Member], voices: Voices = EVERYBODY) -> dict[str, int]:
    """Return the levels by user, or `user/aux`, as a task would have them."""
    mix = Mix(None if layout is None else Scene(ENCODING, layout), voices)
    present = taking_part(members, MAIN, mix)
    windows = arrange(layout, present, MAIN, 1280, 720) if layout else ()
    sound = heard(mix, windows, present, MAIN)
    return {f"{stream.user}/aux" if stream.type == "aux" else stream.user: level for stream, level in sound.items()}


LAYOUTS = [None, Layout(), Layout(LayoutMode.SCREEN_SHARING), Layout(LayoutMode.GRID), custom(FREE, FREE), custom()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_everybody_of_the_main_room_is_heard_at_full_level(layout: Layout | None) -> None:
    members = [member("a"), member("b", video=False), member(camera("stranger", OTHER))]

    assert levels(layout, members) == {"a": 100, "b": 100}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_who_sends_no_sound_is_not_heard(layout: Layout | None) -> None:
    assert levels(layout, [member("a", audio=False)]) == {}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_those_on_the_whitelist_are_heard_at_their_level(layout: Layout | None) -> None:
    voices = Voices(only=(voice("b", 30), voice("c", 0), voice("absent")))

    assert levels(layout, [member("a"), member("b"), member("c")], voices) == {"b": 30, "c": 0}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_who_is_on_the_blacklist_is_never_heard(layout: Layout | None) -> None:
    members = [member("a"), member("b")]

    assert levels(layout, members, Voices(never=(voice("a"),))) == {"b": 100}
    assert levels(layout, members, Voices(only=(voice("a"), voice("b")), never=(voice("a"),))) == {"b": 100}
    assert levels(layout, members, Voices(only=(voice("a"),), never=(voice("a"),))) == {}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_at_most_sixteen_are_heard(layout: Layout | None) -> None:
    listed = Voices(only=tuple(voice(f"u{number}") for number in range(20)))

    assert len(levels(layout, crowd(20))) == (2 if layout == custom(FREE, FREE) else 16)
    assert len(levels(layout, crowd(20), listed)) == 16


def test_sound_alone_is_that_of_the_first_sixteen() -> None:
    assert list(levels(None, crowd(20))) == [f"u{number}" for number in range(16)]


def test_the_sixteen_who_are_heard_are_those_who_are_mixed() -> None:
    members = [member("sound", video=False), *crowd(20)[1:]]

    assert list(levels(Layout(biggest=camera("u19")), members)) == [
        "u1",
        *(f"u{n}" for n in range(2, 15)),
        "u19",
        "sound",
    ]


def test_both_streams_of_a_user_are_heard_and_have_the_users_level() -> None:
    members = [member("a"), member(screen("a"))]

    assert levels(Layout(), members, Voices(only=(voice("a", 40),))) == {"a": 40, "a/aux": 40}


def test_a_full_custom_layout_silences_the_surplus() -> None:
    assert levels(custom(FREE, FREE), crowd(4)) == {"u0": 100, "u1": 100}


def test_windows_that_are_reserved_are_taken() -> None:
    reserved = Slot(camera("host"), 0, 0, 320, 180)

    assert levels(custom(reserved), crowd(2)) == {}
    assert levels(custom(reserved), [*crowd(2), member("host", 5.0)]) == {"host": 100}


def test_a_whitelisted_user_is_heard_without_a_window() -> None:
    voices = Voices(only=(voice("u3"), voice("guest", 50, OTHER)))

    assert levels(custom(FREE), [*crowd(4), member(camera("guest", OTHER))], voices) == {"u3": 100, "guest": 50}


def test_a_user_of_another_room_with_a_window_is_heard() -> None:
    guest = Slot(camera("guest", OTHER), 0, 0, 320, 180)

    assert levels(custom(guest), [member(camera("guest", OTHER)), member("u0")]) == {"guest": 100}


def test_one_whose_screen_has_a_window_is_heard_through_the_microphone() -> None:
    shared = Slot(screen("a"), 0, 0, 320, 180)

    assert levels(custom(shared), [member("a"), member(screen("a"), audio=False), member("b")]) == {"a": 100}
    assert levels(custom(shared), [member("a"), member("b")]) == {"a": 100}


def test_a_window_of_no_size_holds_its_user_for_the_sound() -> None:
    assert levels(custom(Slot(None, 0, 0, 0, 0)), crowd(2)) == {"u0": 100}


def test_those_with_a_window_come_first_when_more_than_sixteen_are_listed() -> None:
    listed = Voices(only=tuple(voice(f"u{number}") for number in range(20)))
    last = Slot(camera("u19"), 0, 0, 320, 180)

    assert list(levels(custom(last), crowd(20), listed)) == ["u19", *(f"u{number}" for number in range(15))]
