"""Follower: what one browser has not been told yet."""

import asyncio
from functools import partial

import pytest

from tailrace.control.console.follower import MOST_DUE, Follower, Name, Told
from tailrace.ids import SdkAppId

OURS, THEIRS, QUIET = SdkAppId(1), SdkAppId(2), SdkAppId(3)


def told(key: str, app: SdkAppId = OURS, name: Name = Name.ROOM) -> Told:
    return Told(name, app, key, partial(dict, key=key))


def begun() -> Follower:
    """A follower that has had its snapshot."""
    follower = Follower([OURS, QUIET], [OURS])
    follower.renew()
    assert asyncio.run(follower.next()) is Name.SNAPSHOT
    return follower


def keys(follower: Follower) -> list[str]:
    due = asyncio.run(follower.next())
    assert isinstance(due, list)
    return [one.key for one in due]


def test_nothing_is_told_before_the_snapshot_which_has_it_all() -> None:
    follower = Follower([OURS], [OURS])
    follower.put(told("early"))
    follower.renew()
    follower.put(told("also in it"))

    assert asyncio.run(follower.next()) is Name.SNAPSHOT
    follower.put(told("late"))
    assert keys(follower) == ["late"]


def test_what_changes_often_is_told_once() -> None:
    follower = begun()
    for key in ("a", "b", "a"):
        follower.put(told(key))

    assert keys(follower) == ["a", "b"]


@pytest.mark.parametrize(
    ("app", "name"), [(THEIRS, Name.ROOM), (THEIRS, Name.EVENT), (QUIET, Name.EVENT), (QUIET, Name.DELIVERY)]
)
def test_what_is_not_to_be_seen_is_not_told(app: SdkAppId, name: Name) -> None:
    follower = begun()
    follower.put(told("hidden", app, name))
    follower.put(told("shown", QUIET, Name.TASK))

    assert keys(follower) == ["shown"]


def test_who_is_too_far_behind_gets_everything_anew() -> None:
    follower = begun()
    for number in range(MOST_DUE + 100):
        follower.put(told(str(number)))

    assert asyncio.run(follower.next()) is Name.SNAPSHOT
    follower.put(told("after"))
    assert keys(follower) == ["after"]


def test_while_nothing_can_be_known_nothing_is_told() -> None:
    follower = begun()
    follower.put(told("before"))
    follower.leave_off()
    follower.put(told("meanwhile"))

    assert asyncio.run(follower.next()) is Name.AWAY
    follower.renew()
    assert asyncio.run(follower.next()) is Name.SNAPSHOT


def test_the_end_is_the_end() -> None:
    follower = begun()
    follower.put(told("a"))
    follower.end()

    assert asyncio.run(follower.next()) is None
    assert asyncio.run(follower.next()) is None
