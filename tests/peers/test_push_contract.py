"""What a push relies on and how it reacts: one suite for the fake CDN and for nginx with its RTMP module."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tailrace.model.destination_fault import Fault
from tailrace.model.destination_flow import SILENT_AFTER
from tailrace.model.task import DestinationStatus as Status
from tests.fakes.cdn import FakeCdn
from tests.fakes.clock import ManualClock
from tests.fakes.nginx import Nginx, nginx_missing
from tests.harness.pushing import Output, Scene, play

CONNECTING, RUNNING, RECOVERING = Status.CONNECTING, Status.RUNNING, Status.RECOVERING
ENDED = [Status.DISCONNECTING, Status.IDLE]


class Fake:
    """The fake, told to do what nginx does."""

    def __init__(self, cdn: FakeCdn) -> None:
        self.url = cdn.url
        self.freeze = cdn.stall
        self._cdn = cdn

    def thaw(self) -> None:
        """Read again."""
        self._cdn.stall(False)


@asynccontextmanager
async def running(kind: str, folder: Path) -> AsyncIterator[Fake | Nginx]:
    if kind == "fake":
        async with FakeCdn() as cdn:
            cdn.refuse_names_in_use()
            yield Fake(cdn)
    elif why := nginx_missing():
        pytest.skip(why)
    else:
        with Nginx(folder) as nginx:
            yield nginx


BOTH = pytest.mark.parametrize("kind", ["fake", "nginx"])


@BOTH
def test_a_push_runs_and_ends(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            output = Output()
            scene = Scene(cdn.url("key"), output)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
            assert scene.statuses == [CONNECTING, RUNNING, *ENDED]
            assert (scene.report.connects, scene.report.dropped_frames) == (1, 0)

    asyncio.run(test())


@BOTH
def test_a_name_in_use_is_refused_as_such_until_it_is_free(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            output = Output()
            first, second = Scene(cdn.url("key"), output), Scene(cdn.url("key"), output)
            async with second.running():
                async with first.running():
                    await play(output, lambda: RUNNING in (*first.statuses, *second.statuses))
                    refused = second if RUNNING in first.statuses else first
                    await play(output, lambda: refused.report.error_code)
                    assert refused.report.error_code == Fault.NAME_REFUSED
                    assert refused.statuses == [CONNECTING]
                await play(output, lambda: RUNNING in second.statuses)
            assert second.statuses == [CONNECTING, RUNNING, *ENDED]

    asyncio.run(test())


@BOTH
def test_a_cdn_that_freezes_is_found_out_and_pushed_to_again_when_it_goes_on(kind: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(kind, tmp_path) as cdn:
            # Large pictures: what freezes is a machine whose kernel goes on taking until its buffers are full.
            output, clock = Output(100_000), ManualClock()
            scene = Scene(cdn.url("key"), output, clock=clock)
            async with scene.running():
                await play(output, lambda: RUNNING in scene.statuses)
                cdn.freeze()

                def later() -> bool:
                    clock.pass_time(SILENT_AFTER / 400)
                    return RECOVERING in scene.statuses

                await play(output, later)
                assert scene.report.error_code == Fault.NOT_TAKING
                cdn.thaw()
                await play(output, lambda: scene.statuses[-1] is RUNNING)
            assert scene.statuses == [CONNECTING, RUNNING, RECOVERING, RUNNING, *ENDED]

    asyncio.run(test())
