"""What is told of publishers in rooms: the sequences that a receiver of callbacks sees (spec/04 sections 2-3)."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms
from tailrace.ids import UserId
from tailrace.model.presence import Presence, Role
from tailrace.secret import Secret
from tests.fakes.publisher import Script, scripted
from tests.harness.ingest import LOST_AFTER, IngestProcess, stream_of
from tests.harness.told import registrar, told, until_told

FRAME_MS = 40
CAME = ((101, "anna", 0), (103, "anna", 1), (201, "anna", 0))
WENT = ((104, "anna", 1), (102, "anna", 0))
LOST = ((104, "anna", 2), (102, "anna", 0))

Told = Callable[[Callable[[Bus], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def telling(nats_url: Secret) -> Told:
    """Runs a scenario while a registrar tells."""

    def run(scenario: Callable[[Bus], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            async with asyncio.timeout(60), registrar(nats_url) as bus:
                await scenario(bus)

        asyncio.run(main())

    return run


def show(script: Script) -> None:
    """Send a first picture."""
    script.set_up()
    script.picture(0, key=True)


def room(name: str) -> Any:
    return stream_of(name, "anna").room


def test_a_user_creates_the_room_enters_begins_leaves_and_dismisses_it(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("alone", "anna")) as script:
            show(script)
            await until_told(bus, room("alone"), *CAME)
            script.sound(FRAME_MS)
            await until_told(bus, room("alone"), *CAME, (203, "anna", 0))
        await until_told(bus, room("alone"), *CAME, (203, "anna", 0), *WENT)

    telling(scenario)


def test_only_the_first_creates_and_only_the_last_dismisses(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        bert = ((103, "bert", 1), (201, "bert", 0))
        async with scripted(ingest.push("pair", "bert")) as second:
            async with scripted(ingest.push("pair", "anna")) as first:
                show(first)
                await until_told(bus, room("pair"), *CAME)
                show(second)
                await until_told(bus, room("pair"), *CAME, *bert)
            await until_told(bus, room("pair"), *CAME, *bert, (104, "anna", 1))
        await until_told(bus, room("pair"), *CAME, *bert, (104, "anna", 1), (104, "bert", 1), (102, "bert", 0))

    telling(scenario)


def test_a_second_stream_is_no_second_entry_and_its_end_no_exit(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("screen", "anna")) as main:
            show(main)
            await until_told(bus, room("screen"), *CAME)
            async with scripted(ingest.push("screen", "anna", streamtype="1")) as aux:
                show(aux)
                await until_told(bus, room("screen"), *CAME, (205, "anna", 0))
            await until_told(bus, room("screen"), *CAME, (205, "anna", 0), (206, "anna", 0))
        await until_told(bus, room("screen"), *CAME, (205, "anna", 0), (206, "anna", 0), *WENT)

    telling(scenario)


def test_who_ends_the_camera_and_stays_with_the_screen_has_stopped_it(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("stays", "anna", streamtype="1")) as aux:
            async with scripted(ingest.push("stays", "anna")) as main:
                show(main)
                main.sound(FRAME_MS)
                begun = (*CAME, (203, "anna", 0))
                await until_told(bus, room("stays"), *begun)
                show(aux)
                await until_told(bus, room("stays"), *begun, (205, "anna", 0))
            ended = (*begun, (205, "anna", 0), (202, "anna", 0), (204, "anna", 0))
            await until_told(bus, room("stays"), *ended)
        await until_told(bus, room("stays"), *ended, *WENT)

    telling(scenario)


def test_who_ends_both_streams_has_left_and_stopped_nothing(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with (
            scripted(ingest.push("both", "anna")) as main,
            scripted(ingest.push("both", "anna", streamtype="1")) as aux,
        ):
            show(main)
            await until_told(bus, room("both"), *CAME)
            show(aux)
            await until_told(bus, room("both"), *CAME, (205, "anna", 0))
        await until_told(bus, room("both"), *CAME, (205, "anna", 0), *WENT)

    telling(scenario)


def test_who_is_cut_off_is_gone_after_its_time_and_comes_back_as_such(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("cut", "anna")) as script:
            show(script)
            await until_told(bus, room("cut"), *CAME)
            script.vanish()
            await until_told(bus, room("cut"), *CAME, *LOST)
        async with scripted(ingest.push("cut", "anna")) as script:
            show(script)
            await until_told(bus, room("cut"), *CAME, *LOST, CAME[0], (103, "anna", 3), CAME[2])

    telling(scenario)


@pytest.mark.parametrize("how", ["cut off", "still there"])
def test_who_is_back_in_time_has_neither_left_nor_entered(ingest: IngestProcess, telling: Told, how: str) -> None:
    async def scenario(bus: Bus) -> None:
        name = f"back_{len(how)}"
        async with scripted(ingest.push(name, "anna")) as first:
            show(first)
            await until_told(bus, room(name), *CAME)
            if how == "cut off":
                first.vanish()
            async with scripted(ingest.push(name, "anna")) as second:
                show(second)
                # Long enough for a stop or an exit to be told, if there were one.
                rooms, key = Rooms(bus, LOST_AFTER), stream_of(name, "anna")
                begin = asyncio.get_running_loop().time()
                while asyncio.get_running_loop().time() - begin < 2 * LOST_AFTER:
                    assert await rooms.get(key.room, key.user, Role.MAIN)
                assert await told(bus, room(name)) == list(CAME)
            await until_told(bus, room(name), *CAME, *WENT)

    telling(scenario)


def test_a_publisher_of_broken_media_was_removed(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("broken", "anna")) as script:
            show(script)
            await until_told(bus, room("broken"), *CAME)
            script.rtmp.send_video(FRAME_MS, b"\x90hvc1")
            await until_told(bus, room("broken"), *CAME, (104, "anna", 3), (102, "anna", 0))

    telling(scenario)


def test_a_robot_is_no_member_and_removes_a_user_of_its_name(ingest: IngestProcess, telling: Told) -> None:
    async def scenario(bus: Bus) -> None:
        async with scripted(ingest.push("robot", "anna")) as script:
            show(script)
            await until_told(bus, room("robot"), *CAME)
            robot = Presence(room("robot"), UserId("anna"), Role.ROBOT, 2**60, 0.0, "task", task_id="t")
            await Rooms(bus, LOST_AFTER).announce(robot)
            await until_told(bus, room("robot"), *CAME, (104, "anna", 3), (102, "anna", 0))

    telling(scenario)


def test_the_publishers_of_a_killed_ingest_are_told_once_by_however_many_notice(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> None:
        async with (
            asyncio.timeout(60),
            registrar(nats_url) as bus,
            registrar(nats_url),
            registrar(nats_url),
            scripted(ingest.push("killed_9", "anna")) as script,
        ):
            show(script)
            await until_told(bus, room("killed_9"), *CAME)
            ingest.kill()
            await until_told(bus, room("killed_9"), *CAME, *LOST)
            with IngestProcess(nats_url) as other:
                async with scripted(other.push("killed_9", "anna")) as again:
                    show(again)
                    back = (CAME[0], (103, "anna", 3), CAME[2])
                    await until_told(bus, room("killed_9"), *CAME, *LOST, *back)

    with IngestProcess(nats_url) as ingest:
        asyncio.run(run(ingest))


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_who_moves_in_time_from_an_ingest_that_ends_has_not_left(nats_url: Secret, how: str) -> None:
    async def run(ingest: IngestProcess, other: IngestProcess) -> None:
        name = f"moves_{how}"
        async with asyncio.timeout(60), registrar(nats_url) as bus:
            async with scripted(ingest.push(name, "anna")) as script, scripted(other.push(name, "anna")) as again:
                show(script)
                await until_told(bus, room(name), *CAME)
                rooms, key = Rooms(bus, LOST_AFTER), stream_of(name, "anna")
                earlier = await rooms.get(key.room, key.user, Role.MAIN)
                assert earlier is not None
                os.kill(ingest.pid, signal.SIGTERM if how == "stopped" else signal.SIGKILL)
                await script.lost()
                show(again)
                while (later := await rooms.get(key.room, key.user, Role.MAIN)) is not None:
                    if later.session != earlier.session:
                        break
                await until_told(bus, room(name), *CAME)
            await until_told(bus, room(name), *CAME, *WENT)

    with IngestProcess(nats_url) as ingest, IngestProcess(nats_url) as other:
        asyncio.run(run(ingest, other))
