"""A task's output is on the bus while somebody watches it: by those who watch in browsers, and by the tests here."""

import asyncio
import os
import signal
import time
from pathlib import Path

from tailrace.bus import connection, media
from tailrace.bus.connection import Bus
from tailrace.ids import Output, SdkAppId, TaskId
from tailrace.secret import Secret
from tailrace.unit import Codec, Unit
from tests.harness.bus_viewer import BusViewer
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS, RED, SECONDS
from tests.media.received import numbers_follow, rises

FILM_PICTURES = SECONDS * FPS
IN_STEP = 0.040  # design section 4


def output_of(served: Served, task: str) -> Output:
    return Output(SdkAppId(served.app["sdk_app_id"]), TaskId(task))


def units_within(served: Served, output: Output, seconds: float) -> list[Unit]:
    """Return what is published in that time, without saying that it is watched."""
    units: list[Unit] = []

    async def take(unit: Unit) -> None:
        units.append(unit)

    async def listen() -> None:
        bus: Bus = await connection.connect(Secret(served.bus_url()), "listener")
        try:
            subscription = await media.subscribe(bus, output, take)
            begin = time.monotonic()
            while time.monotonic() < begin + seconds:
                await bus.alive()
            await subscription.close()
        finally:
            await bus.close()

    asyncio.run(listen())
    return units


def test_who_watches_an_output_gets_what_the_cdn_gets(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("watched", "anna")):
        task = cloud.start("watched", "anna", [cdn.url("watched")])
        cdn.until_more("watched", FPS)
        with BusViewer(served.bus_url(), output_of(served, task)) as viewer:
            viewer.until_more(Codec.H264, 3 * FPS)
        cloud.stop(task)
    got = viewer.received()
    pictures = got.pictures()
    assert pictures[0][1].looks(RED)
    assert numbers_follow(pictures, FILM_PICTURES)
    assert rises(got.sound_times)
    flashes, beeps = got.flashes(), got.sound().beeps()
    assert len(flashes) >= 2
    assert all(min(abs(beep - flash) for beep in beeps) <= IN_STEP for flash in flashes[:-1])
    at_cdn = {at: body.data for at, body in cdn.received("watched").frames}
    assert all(at_cdn[at] == body.data for at, body in got.frames if at in at_cdn)
    assert len(at_cdn.keys() & {at for at, _ in got.frames}) > FPS


def test_an_output_that_nobody_watches_is_not_on_the_bus(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("unwatched", "anna")):
        task = cloud.start("unwatched", "anna", [cdn.url("unwatched")])
        cdn.until_more("unwatched", FPS)

        assert units_within(served, output_of(served, task), 1.0) == []

        cloud.stop(task)


def test_who_watches_goes_on_after_the_child_has_died(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("mortal", "anna")):
        task = cloud.start("mortal", "anna", [cdn.url("mortal")])
        cdn.until_more("mortal", FPS)
        with BusViewer(served.bus_url(), output_of(served, task)) as viewer:
            viewer.until_more(Codec.H264, FPS)
            before = len(viewer.units)
            (child,) = served.children()
            os.kill(child, signal.SIGKILL)
            eventually(lambda: {unit.session for unit in list(viewer.units)} == {1, 2}, "the next epoch's units")
            viewer.until_more(Codec.H264, FPS)
        cloud.stop(task)
    assert viewer.units[before:]
    got = viewer.received()
    assert rises([at for at, _ in got.frames])
    assert all(seen.looks(RED) for _, seen in got.pictures())
