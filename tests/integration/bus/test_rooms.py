"""Rooms and memberships on a real nats-server."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from tailrace import supervise
from tailrace.bus.connection import Bus
from tailrace.bus.membership import Membership
from tailrace.bus.rooms import Change, Changed, Joined, Left, Rooms
from tailrace.errors import Conflict
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.presence import Presence, Role
from tests.integration.bus.conftest import PRESENCE_TTL, Run


def a_presence(app: SdkAppId, user: str = "alice@home", session: int = 5, role: Role = Role.MAIN) -> Presence:
    return Presence(Room(app, "room 1", numeric=False), UserId(user), role, session, since=1.5, video=True)


async def upcoming(changes: AsyncGenerator[Change, None]) -> Change:
    async with asyncio.timeout(5 * PRESENCE_TTL):
        return await anext(changes)


def test_members_are_listed_by_room_and_by_app(run: Run, app: SdkAppId) -> None:
    alice, bob = a_presence(app), a_presence(app, "bob", role=Role.AUX)
    numeric = replace(alice, room=Room(app, "room 1", numeric=True))

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        for presence in (alice, bob, numeric):
            await rooms.announce(presence)
        assert set(await rooms.members(alice.room)) == {alice, bob}
        assert set(await rooms.list(app)) == {alice, bob, numeric}
        assert await rooms.list(SdkAppId(1)) == []
        assert await rooms.get(*bob.key) == bob

    run(scenario)


def test_a_later_session_replaces_an_earlier_one_and_never_the_reverse(run: Run, app: SdkAppId) -> None:
    earlier, later = a_presence(app, session=5), a_presence(app, session=6)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        revision = await rooms.announce(earlier)
        await rooms.announce(later)
        with pytest.raises(Conflict):
            await rooms.announce(earlier, revision)
        await rooms.withdraw(earlier)
        assert await rooms.members(later.room) == [later]
        await rooms.withdraw(later)
        assert await rooms.members(later.room) == []

    run(scenario)


def test_a_watcher_sees_who_is_there_who_comes_changes_and_leaves(run: Run, app: SdkAppId) -> None:
    alice, bob = a_presence(app), a_presence(app, "bob")

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        revision = await rooms.announce(alice)
        async with aclosing(rooms.watch(room=alice.room)) as changes:
            assert await upcoming(changes) == Joined(alice)
            revision = await rooms.announce(alice, revision)  # a heartbeat is no change
            await rooms.announce(bob)
            assert await upcoming(changes) == Joined(bob)
            await rooms.announce(replace(alice, width=1280), revision)
            assert await upcoming(changes) == Changed(replace(alice, width=1280))
            await rooms.withdraw(bob)
            assert await upcoming(changes) == Left(bob)

    run(scenario)


def test_who_is_silent_for_the_life_of_a_presence_has_left(run: Run, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with aclosing(rooms.watch(app=app)) as changes:
            await rooms.announce(alice)
            assert await upcoming(changes) == Joined(alice)
            joined = time.monotonic()
            assert await upcoming(changes) == Left(alice)
            assert 0.9 * PRESENCE_TTL < time.monotonic() - joined < 2 * PRESENCE_TTL
            assert await rooms.list(app) == []

    run(scenario)


def test_a_watcher_of_one_user_hears_of_nobody_else(run: Run, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with aclosing(rooms.watch(room=alice.room, user=alice.user)) as changes:
            await rooms.announce(a_presence(app, "bob"))
            await rooms.announce(alice)
            assert await upcoming(changes) == Joined(alice)

    run(scenario)


def test_a_member_stays_by_its_heartbeats_and_withdraws_at_the_end(run: Run, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with aclosing(rooms.watch(app=app)) as changes, asyncio.TaskGroup() as group:
            membership = Membership(rooms, alice)
            task = supervise.start(group, membership.run(), "membership")
            assert await upcoming(changes) == Joined(alice)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * PRESENCE_TTL):
                    await anext(changes)
            await supervise.stop(task)
            assert await rooms.list(app) == []

    run(scenario)


def test_an_update_of_a_member_is_announced_at_once(run: Run, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, 60)
        async with aclosing(rooms.watch(app=app)) as changes, asyncio.TaskGroup() as group:
            membership = Membership(rooms, alice)
            task = supervise.start(group, membership.run(), "membership")
            await membership.joined()
            assert await upcoming(changes) == Joined(alice)
            membership.update(replace(alice, width=640))
            assert await upcoming(changes) == Changed(replace(alice, width=640))
            await supervise.stop(task)

    run(scenario)


@pytest.mark.parametrize("role", [Role.MAIN, Role.ROBOT])
def test_a_member_learns_who_replaced_it(run: Run, app: SdkAppId, role: Role) -> None:
    earlier = a_presence(app, session=5)
    later = replace(a_presence(app, session=6, role=role), task_id=TaskId("t") if role is Role.ROBOT else "")

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with asyncio.TaskGroup() as group:
            membership = Membership(rooms, earlier)
            task = supervise.start(group, membership.run(), "membership")
            await membership.joined()
            await rooms.announce(later)
            assert await task == later
        assert await rooms.members(later.room) == [later]

    run(scenario)


def test_a_member_who_comes_too_late_learns_it_at_once(run: Run, app: SdkAppId) -> None:
    earlier, later = a_presence(app, session=5), a_presence(app, session=6)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        await rooms.announce(later)
        assert await Membership(rooms, earlier).run() == later

    run(scenario)


def test_a_member_can_be_stopped_while_it_announces(run: Run, app: SdkAppId) -> None:
    # Without the check in `asking`, a cancellation that meets the answer is lost, and this hangs for a heartbeat.
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, 600)
        for turns in range(30):
            async with asyncio.TaskGroup() as group:
                membership = Membership(rooms, alice)
                task = supervise.start(group, membership.run(), "membership")
                await membership.joined()
                membership.update(replace(alice, width=turns))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await supervise.stop(task)

    run(scenario)


def test_a_watcher_knows_when_it_knows_all(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        whole: list[int] = []
        seen = 0
        await rooms.announce(a_presence(app))
        await rooms.announce(a_presence(app, "bob"))
        async with aclosing(rooms.watch(app, whole=lambda: whole.append(seen))) as changes:
            await upcoming(changes)
            await upcoming(changes)
            seen = 2
            assert whole == []
            await rooms.announce(a_presence(app, "carol"))
            await upcoming(changes)

        assert whole == [2]

    run(scenario)
