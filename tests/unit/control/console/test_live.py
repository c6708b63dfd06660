"""Live: who may follow, and what he is told first."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.mirror import Mirror
from tailrace.config import Account, App, Config
from tailrace.control.action import Service
from tailrace.control.console.follower import Name
from tailrace.control.console.live import MOST_FOLLOWERS, Live
from tailrace.errors import ConsoleBusy
from tailrace.ids import SdkAppId
from tailrace.secret import Secret

APP = SdkAppId(1400000001)
CONFIG = Config(
    account=(Account(app_id=1, secret_id="AKIDowner", secret_key=Secret("key")),),
    app=(App(sdk_app_id=APP, account=1, key=Secret("key")),),
)


def live(*, connected: bool = True) -> Live:
    """A Live that does not run, on a bus that is only asked whether it is there."""
    service = SimpleNamespace(config=CONFIG, tasks=None, history=None, deliveries=None)
    bus = SimpleNamespace(connected=connected, js=None)
    return Live(cast(Bus, bus), cast(Mirror, None), cast(Service, service))


def test_so_many_may_follow_and_no_more_until_one_leaves() -> None:
    watched = live()
    followers = [watched.follow([APP], [APP]) for _ in range(MOST_FOLLOWERS)]
    with pytest.raises(ConsoleBusy):
        watched.follow([APP], [APP])

    watched.leave(followers[0])
    watched.leave(followers[0])

    watched.follow([APP], [APP])
    with pytest.raises(ConsoleBusy):
        watched.follow([APP], [APP])


def test_who_comes_while_the_bus_is_away_is_told_so() -> None:
    assert asyncio.run(live(connected=False).follow([APP], [APP]).next()) is Name.AWAY


def test_the_end_is_told_to_all_and_nobody_may_follow_any_more() -> None:
    watched = live()
    followers = [watched.follow([APP], [APP]) for _ in range(3)]

    watched.close()

    assert [asyncio.run(follower.next()) for follower in followers] == [None, None, None]
    with pytest.raises(ConsoleBusy):
        watched.follow([APP], [APP])
