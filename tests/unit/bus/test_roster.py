"""Who is there, as far as a watcher has heard."""

from dataclasses import replace

from tailrace.bus.roster import Changed, Joined, Left, Roster
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Presence, Role

ALICE = Presence(Room(SdkAppId(1), "r", numeric=True), UserId("alice"), Role.MAIN, 5, 0.0)


def test_a_heartbeat_is_no_change_but_keeps_a_member_from_being_silent() -> None:
    roster = Roster(10)
    assert roster.heard("a", ALICE, 0) == Joined(ALICE)
    assert roster.heard("a", ALICE, 5) is None
    assert roster.silent(14.9) == []
    assert roster.silent(15) == ["a"]


def test_another_entry_under_the_same_key_is_a_change() -> None:
    roster = Roster(10)
    roster.heard("a", ALICE, 0)
    assert roster.heard("a", replace(ALICE, session=6), 1) == Changed(replace(ALICE, session=6))


def test_who_left_leaves_once_and_may_join_again() -> None:
    roster = Roster(10)
    roster.heard("a", ALICE, 0)
    assert roster.heard("a", None, 1) == Left(ALICE)
    assert roster.heard("a", None, 1) is None
    assert roster.gone("a") is None
    assert roster.silent(100) == []
    assert roster.heard("a", ALICE, 2) == Joined(ALICE)


def test_an_excuse_gives_more_time_and_never_less() -> None:
    roster = Roster(10)
    roster.heard("a", ALICE, 0)
    roster.heard("b", ALICE, 5)
    roster.excuse(None, 12)
    assert roster.silent(11.9) == []
    assert roster.silent(12) == ["a"]
    roster.excuse(["a"], 20)
    assert roster.silent(19) == ["b"]
