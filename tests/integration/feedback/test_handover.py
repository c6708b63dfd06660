"""A worker that leaves hands a fed-back output over, and nobody in the room sees an exit."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tailrace.unit import Codec
from tests.harness.cloud import Cloud
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.integration.feedback.conftest import Rooms
from tests.integration.relay.conftest import base, red_film, worker
from tests.media.film import FPS

__all__ = ["base", "red_film", "worker"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")


def test_the_user_stays_in_the_room_when_another_worker_goes_on(
    base: Served, worker: Callable[[str], Served], red_film: Path
) -> None:
    cloud, rooms = Cloud(base), Rooms(base)
    with Publisher(red_film, base.publish_url("train", "anna")), worker("first") as first:
        task = cloud.start("train", "anna", [], FeedBackRoomParams=[rooms.back("platform")])
        with rooms.watch("platform") as viewer:
            viewer.until_more(Codec.OPUS, FPS)
            with worker("second"):
                assert first.stop() == 0
                assert viewer.until_in_room(epoch=2).video
                viewer.until_more(Codec.H264, 2 * FPS)
                viewer.until_more(Codec.OPUS, FPS)
                assert viewer.exits == 0
                cloud.stop(task)
    for codec in (Codec.H264, Codec.OPUS):
        times = [unit.dts_us for unit in viewer.of(codec)]
        assert times == sorted(set(times))
