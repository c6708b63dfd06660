"""Cast: who takes part in a mix."""

import pytest

from tailrace.ids import Room
from tailrace.model.cast import Member, by_entry, levels_of, rooms_of, taking_part
from tailrace.model.mix import Layout, LayoutMode, Mix, Scene, Slot, VideoEncoding, Voice, Voices
from tests.unit.model.people import MAIN, OTHER, THIRD, camera, member, screen

ENCODING = VideoEncoding(1280, 720, 15, 1000, 2)
GUEST = camera("guest", OTHER)
ROBOT = camera("robot")
EVERYBODY = Voices()


def custom(*slots: Slot, voices: Voices = EVERYBODY) -> Mix:
    return Mix(Scene(ENCODING, Layout(LayoutMode.CUSTOM, slots)), voices)


def dynamic(mode: LayoutMode = LayoutMode.FLOATING, *, biggest: str = "") -> Mix:
    return Mix(Scene(ENCODING, Layout(mode, biggest=camera(biggest) if biggest else None)))


def only(*people: tuple[Room, str]) -> Voices:
    return Voices(only=tuple(Voice(room, camera(user).user) for room, user in people))


def slot(who: str, room: Room = MAIN) -> Slot:
    return Slot(camera(who, room), 0, 0, 2, 2)


def names(members: list[Member]) -> list[str]:
    return [entry.stream.user for entry in members]


def test_members_are_ordered_by_entry_and_those_of_one_moment_by_token() -> None:
    members = [member("c", 2.0), member("b", 1.0), member("a", 1.0), member(screen("a"), 3.0)]

    assert [entry.stream for entry in by_entry(members)] == [camera("a"), camera("b"), camera("c"), screen("a")]


def test_only_the_main_room_takes_part_when_nobody_is_named() -> None:
    assert rooms_of(MAIN, Mix()) == {MAIN}
    assert rooms_of(MAIN, dynamic()) == {MAIN}


def test_rooms_of_named_windows_listed_voices_and_the_biggest_take_part() -> None:
    biggest = Mix(Scene(ENCODING, Layout(biggest=GUEST)))

    assert rooms_of(MAIN, custom(slot("guest", OTHER), voices=only((THIRD, "x")))) == {MAIN, OTHER, THIRD}
    assert rooms_of(MAIN, biggest) == {MAIN, OTHER}


def test_what_the_layouts_mode_does_not_read_names_nobody() -> None:
    slots_of_a_grid = Mix(Scene(ENCODING, Layout(LayoutMode.GRID, slots=(slot("guest", OTHER),), biggest=GUEST)))

    assert rooms_of(MAIN, slots_of_a_grid) == {MAIN}


def test_of_another_room_only_the_named_take_part() -> None:
    members = [member("host"), member(GUEST), member(camera("stranger", OTHER)), member(camera("x", THIRD))]

    assert names(taking_part(members, MAIN, custom(slot("guest", OTHER)))) == ["guest", "host"]
    assert names(taking_part(members, MAIN, Mix(voices=only((OTHER, "guest"))))) == ["guest", "host"]


def test_who_is_named_for_the_screen_takes_part_with_the_microphone_too() -> None:
    named = custom(Slot(screen("guest", OTHER), 0, 0, 2, 2))

    assert names(taking_part([member(GUEST), member(screen("guest", OTHER))], MAIN, named)) == ["guest", "guest"]


def test_who_is_on_both_lists_is_not_on_the_whitelist() -> None:
    voices = Voices(only=only((OTHER, "guest"), (MAIN, "host")).only, never=only((OTHER, "guest")).only)

    assert names(taking_part([member(GUEST)], MAIN, Mix(voices=voices))) == []
    assert levels_of(voices) == {(MAIN, "host"): 100}


def test_the_same_user_id_in_another_room_is_somebody_else() -> None:
    members = [member(camera("host", OTHER))]

    assert taking_part(members, MAIN, custom(slot("host"))) == []


def test_levels_are_those_of_the_whitelist() -> None:
    voices = Voices(only=(Voice(MAIN, camera("a").user, 30), Voice(OTHER, camera("a").user, 0)))

    assert levels_of(voices) == {(MAIN, "a"): 30, (OTHER, "a"): 0}


# spec/02 section 5, "Feedback streams": (a), (b) and (c).
@pytest.mark.parametrize(
    ("mix", "made_of", "takes_part"),
    [
        pytest.param(dynamic(), (MAIN,), False, id="it was mixed of our room"),
        pytest.param(dynamic(), (OTHER, MAIN), False, id="it was mixed of our room and others"),
        pytest.param(dynamic(), (OTHER,), True, id="(c) it was mixed of other rooms"),
        pytest.param(custom(slot("guest", OTHER)), (OTHER,), False, id="one of our guests' rooms is in it"),
        pytest.param(custom(slot("guest", OTHER)), (THIRD,), True, id="(c) no guest's room is in it"),
        pytest.param(custom(slot("robot")), (MAIN,), True, id="(a) it has a window"),
        pytest.param(dynamic(biggest="robot"), (MAIN,), True, id="(a) it is the biggest"),
        pytest.param(dynamic(LayoutMode.GRID, biggest="robot"), (MAIN,), False, id="a grid has no biggest"),
        pytest.param(Mix(voices=only((MAIN, "robot"))), (MAIN,), True, id="(b) it is on the whitelist"),
        pytest.param(Mix(voices=only((MAIN, "host"))), (MAIN,), False, id="another one is on the whitelist"),
    ],
)
def test_a_fed_back_stream_takes_part_when_named_or_made_of_other_rooms(
    mix: Mix, made_of: tuple[Room, ...], takes_part: bool
) -> None:
    assert bool(taking_part([member(ROBOT, fed_back_from=made_of)], MAIN, mix)) is takes_part


@pytest.mark.parametrize(
    "mix",
    [
        pytest.param(dynamic(), id="made of other rooms"),
        pytest.param(custom(slot("robot")), id="with a window"),
        pytest.param(Mix(voices=only((MAIN, "robot"))), id="on the whitelist"),
    ],
)
def test_what_is_fed_back_never_takes_part_in_what_is_fed_back_itself(mix: Mix) -> None:
    members = [member(ROBOT, fed_back_from=(OTHER,)), member(camera("host", MAIN))]

    assert names(taking_part(members, MAIN, mix, feeds_back=True)) == ["host"]
