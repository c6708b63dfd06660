"""The register of a room: what is told of whom, once, in order."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Exit
from tailrace.model.register import MOST_LOST, Member, Register
from tailrace.model.room_event import Entry, RoomEvent
from tailrace.model.room_event import RoomEventType as Type

ROOM = Room(SdkAppId(1400000001), "stage-4", numeric=False)
ANNA, BERT = Member(UserId("anna"), 3), Member(UserId("bert"), 3)
EMPTY = Register(ROOM)


def told(register: Register) -> list[tuple[int, str, int]]:
    return [(int(event.type), event.user, event.reason) for event in register.pending]


def after(*steps: Member | tuple[Member, Exit]) -> Register:
    """The register after some arrivals (and changes) and departures, a second apart, of which all was told."""
    register = EMPTY
    for at, step in enumerate(steps):
        if isinstance(step, Member):
            register = register.arrived(step, at)
        else:
            register = register.departed(step[0].user, step[1], at)
    return register.told()


def test_the_first_user_creates_the_room_and_then_enters_it() -> None:
    assert told(EMPTY.arrived(ANNA, 1)) == [(101, "anna", 0), (103, "anna", 1)]


def test_the_second_user_only_enters() -> None:
    assert told(after(ANNA).arrived(BERT, 1)) == [(103, "bert", 1)]


def test_who_is_not_the_last_only_leaves() -> None:
    assert told(after(ANNA, BERT).departed(ANNA.user, Exit.REMOVED, 3)) == [(104, "anna", 3)]


def test_the_last_user_leaves_and_the_room_is_dismissed() -> None:
    assert told(after(ANNA).departed(ANNA.user, Exit.ITSELF, 3)) == [(104, "anna", 1), (102, "anna", 0)]


def test_who_leaves_while_sending_has_stopped_nothing() -> None:
    sending = replace(ANNA, audio=True, video=True, assist=True)

    assert told(after(sending).departed(ANNA.user, Exit.TIMEOUT, 3)) == [(104, "anna", 2), (102, "anna", 0)]


@pytest.mark.parametrize(
    ("what", "began", "ended"),
    [
        ("video", Type.START_VIDEO, Type.STOP_VIDEO),
        ("audio", Type.START_AUDIO, Type.STOP_AUDIO),
        ("assist", Type.START_ASSIST, Type.STOP_ASSIST),
    ],
)
def test_each_medium_begins_and_ends_while_its_user_stays(what: str, began: Type, ended: Type) -> None:
    sending = Member(ANNA.user, 3, **{what: True})

    assert told(after(ANNA).arrived(sending, 1)) == [(began, "anna", 0)]
    assert told(after(sending).arrived(ANNA, 1)) == [(ended, "anna", 0)]
    assert after(sending).stops(ANNA)
    assert not after(ANNA).stops(sending)


def test_what_is_sent_from_the_first_moment_is_told_after_the_entry() -> None:
    assert [kind for kind, _, _ in told(EMPTY.arrived(replace(ANNA, audio=True, video=True), 1))] == [
        101,
        103,
        201,
        203,
    ]


def test_nothing_new_is_nothing_to_tell() -> None:
    register = after(ANNA)

    assert register.arrived(ANNA, 5) is register
    assert register.departed(BERT.user, Exit.ITSELF, 5) is register


def test_who_was_lost_comes_back_with_the_reason_of_that_and_only_once() -> None:
    assert told(after(ANNA, (ANNA, Exit.TIMEOUT)).arrived(ANNA, 9))[1] == (103, "anna", Entry.AFTER_TIMEOUT)
    assert told(after(ANNA, (ANNA, Exit.TIMEOUT), ANNA, (ANNA, Exit.ITSELF)).arrived(ANNA, 9))[1] == (103, "anna", 1)


def test_a_bounded_number_of_lost_users_is_remembered() -> None:
    many = [Member(UserId(f"user{number}"), 3) for number in range(MOST_LOST + 1)]
    register = after(ANNA, *many, *((member, Exit.TIMEOUT) for member in many))

    assert len(register.lost) == MOST_LOST
    assert many[0].user not in register.lost


@pytest.mark.parametrize("at", [0.0, 1_700_000_000.0004, 1_700_000_000.9996])
def test_no_two_events_of_a_room_have_the_same_millisecond_even_when_a_clock_is_behind(at: float) -> None:
    register = EMPTY.arrived(replace(ANNA, audio=True, video=True), at)
    register = register.departed(ANNA.user, Exit.ITSELF, at - 5)

    times = [round(event.at * 1000) for event in register.pending]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_what_is_pending_stays_until_it_was_told() -> None:
    register = EMPTY.arrived(ANNA, 1).arrived(BERT, 2)

    assert register.pending[-1] == RoomEvent(2, Type.ENTER_ROOM, ROOM, BERT.user, Entry.ITSELF, 3)
    assert len(register.pending) == 3
    assert register.told().pending == ()
    assert register.told().members == (ANNA, BERT)
