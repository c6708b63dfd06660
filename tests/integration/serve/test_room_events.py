"""Room events of a whole server, while its processes die."""

import asyncio
from pathlib import Path

import pytest

from tailrace.bus.connection import connect
from tailrace.ids import Room, SdkAppId
from tailrace.secret import Secret
from tests.fakes.publisher import scripted
from tests.harness.served import Served
from tests.harness.told import until_told


@pytest.mark.parametrize("dying", [("ingest",), ("control", "ingest"), ("ingest", "control")])
def test_who_was_in_a_killed_ingest_is_told_of_exactly_once(tmp_path: Path, dying: tuple[str, ...]) -> None:
    async def run(served: Served) -> None:
        room = Room(SdkAppId(served.app["sdk_app_id"]), "7", numeric=True)
        came = ((101, "anna", 0), (103, "anna", 1), (201, "anna", 0))
        went = ((104, "anna", 2), (102, "anna", 0))
        bus = await connect(Secret(served.bus_url()), "test")
        try:
            url = served.publish_url("7", "anna", use_number_room_id=1)
            async with scripted(url) as script:
                script.set_up()
                script.picture(0, key=True)
                await until_told(bus, room, *came)
                for role in dying:
                    await asyncio.to_thread(served.kill_role, role)
                await until_told(bus, room, *came, *went)
            async with scripted(served.publish_url("7", "anna", use_number_room_id=1)) as script:
                script.set_up()
                script.picture(0, key=True)
                await until_told(bus, room, *came, *went, came[0], (103, "anna", 3), came[2])
        finally:
            await bus.close()

    with Served(tmp_path) as served:
        asyncio.run(run(served))
