"""The registrar against a real bus: several at once, one that was away, one that died in the middle."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.membership import Membership
from tailrace.bus.registers import Registers
from tailrace.bus.rooms import Rooms
from tailrace.bus.subjects import ROOMS, presence_key, stored, stream_of
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Exit, Presence, Role
from tailrace.model.register import Member, Register
from tailrace.secret import Secret
from tailrace.supervise import start, stop
from tests.harness.ingest import LOST_AFTER
from tests.harness.nats import nats_server_in
from tests.harness.told import events, registrar, told, until_told

APP = SdkAppId(1400000077)
CAME = ((101, "anna", 0), (103, "anna", 1))


def room(name: str) -> Room:
    return Room(APP, name, numeric=False)


def member(name: str, user: str = "anna", session: int = 1, role: Role = Role.MAIN) -> Presence:
    return Presence(room(name), UserId(user), role, session, since=1.5)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(main())


def test_two_who_enter_at_once_create_one_room_whoever_tells(nats_url: Secret) -> None:
    async def scenario() -> None:
        async with registrar(nats_url) as bus, registrar(nats_url) as other, registrar(nats_url):
            names = [f"at once {number}" for number in range(10)]
            here, there = Rooms(bus, LOST_AFTER), Rooms(other, LOST_AFTER)
            for name in names:
                await asyncio.gather(here.announce(member(name)), there.announce(member(name, "bert")))
                await asyncio.gather(here.withdraw(member(name)), there.withdraw(member(name, "bert")))
            for name in names:
                await until_settled(bus, room(name))
                lines = [kind for kind, _, _ in await told(bus, room(name))]
                # Whoever came and went between two looks is not told of, for there was nothing to see.
                assert lines in ([101, 103, 103, 104, 104, 102], [101, 103, 104, 102], [101, 103, 104, 102] * 2, [])

    run(scenario)


def test_a_fed_back_user_is_told_of_only_by_the_exit_of_the_person_whose_place_it_takes(nats_url: Secret) -> None:
    async def scenario() -> None:
        async with registrar(nats_url) as bus:
            here = Rooms(bus, LOST_AFTER)
            task = replace(member("taken", session=2), via="feedback", task_id="t", fed_back_from=(room("source"),))
            await here.announce(member("taken"))
            await until_told(bus, room("taken"), *CAME)

            await here.announce(task)
            gone = (*CAME, (104, "anna", 3), (102, "anna", 0))
            await until_told(bus, room("taken"), *gone)
            await here.withdraw(task)
            await here.announce(member("taken", session=3))

            await until_told(bus, room("taken"), *gone, *CAME)

    run(scenario)


async def until_settled(bus: Bus, room: Room) -> None:
    """Wait until nobody is in the room as far as was told, and nothing is left to tell."""
    while True:
        register = (await Registers(bus).get(room)).register
        if not register.members and not register.pending and not await Rooms(bus, LOST_AFTER).members(room):
            return


@pytest.mark.parametrize("seed", range(3))
def test_every_room_is_told_a_story_that_can_be_true(nats_url: Secret, seed: int) -> None:
    """Four users come and go at random while two registrars tell; one of them ends in the middle, another begins."""

    enough = asyncio.Event()

    async def user(bus: Bus, name: str, where: Room, dice: random.Random) -> None:
        rooms = Rooms(bus, LOST_AFTER)
        visit = 0
        while not enough.is_set():
            visit += 1
            presence = Presence(where, UserId(name), Role.MAIN, visit, since=1.5)
            await rooms.announce(presence)
            for _ in range(dice.randrange(60)):
                await bus.alive()
            await rooms.announce(replace(presence, seen=True, heard=dice.random() < 0.5))
            for _ in range(dice.randrange(60)):
                await bus.alive()
            await rooms.withdraw(presence, dice.choice(list(Exit)))

    async def scenario() -> None:
        dice = random.Random(seed)
        where = room(f"story {seed}")
        async with registrar(nats_url) as bus:
            async with asyncio.TaskGroup() as group:
                async with registrar(nats_url):
                    for number in range(4):
                        start(group, user(bus, f"user{number}", where, random.Random(dice.random())), "user")
                    await until_told_some(bus, where, 20)
                async with registrar(nats_url):
                    await until_told_some(bus, where, 60)
                enough.set()
            await until_settled(bus, where)
            story = await events(bus, where)
        inside: set[UserId] = set()
        sending: set[tuple[UserId, int]] = set()
        begun = False
        for event in story:
            match int(event.type):
                case 101:
                    assert not inside
                    assert not begun
                    begun = True
                case 102:
                    assert not inside
                    assert begun
                    begun = False
                case 103:
                    assert begun
                    assert event.user not in inside
                    inside.add(event.user)
                case 104:
                    inside.remove(event.user)
                    sending = {what for what in sending if what[0] != event.user}
                case 201 | 203:
                    assert event.user in inside
                    assert (event.user, event.type) not in sending
                    sending.add((event.user, event.type))
                case 202 | 204:
                    assert event.user in inside
                    sending.remove((event.user, event.type - 1))
        assert not inside
        assert not begun
        times = [round(event.at * 1000) for event in story]
        assert times == sorted(set(times))

    run(scenario)


async def until_told_some(bus: Bus, where: Room, count: int) -> None:
    while len(await told(bus, where)) < count:
        pass


def test_who_left_while_nobody_told_is_told_with_the_reason(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "nobody told"
        async with registrar(nats_url) as bus:
            await Rooms(bus, LOST_AFTER).announce(member(name))
            await until_told(bus, room(name), *CAME)
        async with registrar(nats_url, 3600) as bus:
            await Rooms(bus, LOST_AFTER).withdraw(member(name), Exit.REMOVED)
            await until_told(bus, room(name), *CAME, (104, "anna", 3), (102, "anna", 0))

    run(scenario)


def test_who_vanished_while_nobody_told_is_told_after_the_time_of_a_lost_user(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "vanished"
        async with registrar(nats_url) as bus:
            await Rooms(bus, LOST_AFTER).announce(member(name))
            await until_told(bus, room(name), *CAME)
        async with registrar(nats_url) as bus:
            await until_told(bus, room(name), *CAME, (104, "anna", 2), (102, "anna", 0))

    run(scenario)


def test_what_a_registrar_had_not_told_when_it_died_is_told_by_the_next_one(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "pending"
        register = Register(room(name)).arrived(Member(UserId("anna"), 3), 1_700_000_000.0)
        async with registrar(nats_url) as bus:
            await Registers(bus).put(register, 0)
        async with registrar(nats_url) as bus:
            await until_told(bus, room(name), *CAME, (104, "anna", 2), (102, "anna", 0))

    run(scenario)


def test_one_stream_that_runs_out_before_the_other_is_no_stop(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "one by one"
        main, aux = replace(member(name), seen=True), replace(member(name, role=Role.AUX), seen=True)
        came = (*CAME, (201, "anna", 0), (205, "anna", 0))
        async with registrar(nats_url) as bus:
            rooms = Rooms(bus, LOST_AFTER)
            begin = asyncio.get_running_loop().time()
            await rooms.announce(main)
            await until_told(bus, room(name), *came[:3])
            while asyncio.get_running_loop().time() < begin + LOST_AFTER / 3:
                await bus.alive()
            await rooms.announce(aux)
            await until_told(bus, room(name), *came)
            await until_told(bus, room(name), *came, (104, "anna", 2), (102, "anna", 0))

    run(scenario)


def test_what_a_later_session_does_not_send_has_stopped(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "no sound any more"
        came = (*CAME, (201, "anna", 0), (203, "anna", 0))
        async with registrar(nats_url) as bus, asyncio.TaskGroup() as group:
            rooms = Rooms(bus, LOST_AFTER)
            await rooms.announce(replace(member(name), seen=True, heard=True))
            await until_told(bus, room(name), *came)
            task = start(group, Membership(rooms, replace(member(name, session=2), seen=True)).run(), "later session")
            await until_told(bus, room(name), *came, (204, "anna", 0))
            await stop(task)
            await until_told(bus, room(name), *came, (204, "anna", 0), (104, "anna", 1), (102, "anna", 0))

    run(scenario)


def test_who_is_heard_of_again_after_the_bus_forgot_him_has_not_left(nats_url: Secret) -> None:
    async def scenario() -> None:
        name = "forgotten"
        key = stored(ROOMS, presence_key(*member(name).key))
        async with registrar(nats_url) as bus:
            await Rooms(bus, LOST_AFTER).announce(member(name))
            await until_told(bus, room(name), *CAME)
        async with registrar(nats_url, 60) as bus:  # this one is too unsure to tell anything
            await bus.js.purge_stream(stream_of(ROOMS), subject=key)
        async with registrar(nats_url) as bus, asyncio.TaskGroup() as group:
            await for_seconds(bus, LOST_AFTER / 2)
            task = start(group, Membership(Rooms(bus, LOST_AFTER), member(name)).run(), "membership")
            await for_seconds(bus, 2 * LOST_AFTER)
            assert await told(bus, room(name)) == list(CAME)
            await stop(task)
            await until_told(bus, room(name), *CAME, (104, "anna", 1), (102, "anna", 0))

    run(scenario)


async def for_seconds(bus: Bus, seconds: float) -> None:
    """Let the bus and its users run for that long."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await bus.alive()


def test_a_restart_of_nats_server_is_nobodys_leaving(tmp_path: Path) -> None:
    async def scenario(server: EmbeddedServer) -> None:
        name = "restart"
        came = (*CAME, (103, "bert", 1))
        async with registrar(server.url) as bus, registrar(server.url), asyncio.TaskGroup() as group:
            rooms = Rooms(bus, LOST_AFTER)
            staying = start(group, Membership(rooms, member(name)).run(), "membership")
            await until_told(bus, room(name), *CAME)
            await rooms.announce(member(name, "bert"))
            await until_told(bus, room(name), *came)
            back = asyncio.Event()
            with bus.reconnection(back.set):
                os.kill(server.pid, signal.SIGKILL)
                await asyncio.to_thread(server.restart)
                await back.wait()
            # Of the two whom the bus has forgotten only the one who is not heard of again has left.
            await until_told(bus, room(name), *came, (104, "bert", 2))
            await for_seconds(bus, LOST_AFTER)
            await stop(staying)
            await until_told(bus, room(name), *came, (104, "bert", 2), (104, "anna", 1), (102, "anna", 0))

    with nats_server_in(tmp_path) as server:
        run(lambda: scenario(server))
