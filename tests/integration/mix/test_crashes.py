"""A child that mixes is killed or frozen: the output goes on at the same address, and nobody pushes beside another."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.processes import children_of, frozen
from tests.harness.served import Served
from tests.harness.stage import Stage
from tests.harness.threads import stand_still_until_killed
from tests.harness.viewer import Viewer
from tests.harness.waiting import eventually
from tests.integration.mix.places import grid, guest
from tests.media.received import rises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")

FROZEN_SECONDS = 4.0  # a lease lasts 3 s (worker.ack_wait)
BLINK_SECONDS = 0.7
FPS = 15
FOUND_WITHIN = 10.0  # a child that stands still is given up after 3 s (worker/heartbeat.py)
BOTH = {0: grid(2, 1, 0), 1: grid(2, 1, 1)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, which suffers."""
    with Served(tmp_path_factory.mktemp("crashes")) as running:
        yield running


@pytest.fixture
def viewer(stage: Stage) -> Viewer:
    """A mix of two that runs."""
    eventually(lambda: not stage.served.children(), "no child of an earlier test")
    for n in range(2):
        stage.enter(guest(n))
    viewer = stage.mix({"MixLayoutMode": 3})
    viewer.until_there(BOTH)
    stage.cloud.until_running(stage.task)
    return viewer


def assert_goes_on(stage: Stage, viewer: Viewer) -> None:
    """The second push shows and sounds like the first, and begins where that one ended."""
    _, second = stage.cdn.streams(viewer.name)
    viewer.until_there(BOTH)
    viewer.until_heard({0: 0.05, 1: 0.05})
    stage.cloud.until_running(stage.task)
    assert stage.cloud.describe(stage.task)["Epoch"] == 2
    assert second.live
    got = viewer.received
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)


def test_a_killed_child_is_replaced_and_the_output_goes_on_at_the_same_address(stage: Stage, viewer: Viewer) -> None:
    (child,) = stage.served.children()

    os.kill(child, signal.SIGKILL)
    eventually(lambda: len(stage.cdn.streams(viewer.name)) == 2, "a new connection")

    assert_goes_on(stage, viewer)
    assert stage.served.children() != [child]


def test_a_child_that_was_frozen_while_another_one_took_over_pushes_nothing_more(
    stage: Stage, viewer: Viewer, tmp_path: Path
) -> None:
    served = stage.served
    running = [served.role("worker"), *children_of(served.role("worker")), *served.children()]
    with Served(tmp_path, roles=["worker"], TAILRACE_BUS__URL=served.bus_url()):
        with frozen(*running):
            eventually(lambda: len(stage.cdn.streams(viewer.name)) == 2, "another worker has taken over")
            first, _ = stage.cdn.streams(viewer.name)
            stage.cdn.until_more(viewer.name, 15)
            before = len(first.video)

        eventually(lambda: not served.children(), "the end of the child that was frozen")
        eventually(lambda: not first.live, "the end of its push")
        # What its socket held when it was frozen may still have left; nothing that came after that.
        assert len(first.video) <= before + 2
        assert_goes_on(stage, viewer)
        stage.end()


def test_a_mix_whose_threads_hang_while_its_event_loop_turns_is_killed_and_replaced(
    stage: Stage, viewer: Viewer
) -> None:
    (child,) = stage.served.children()
    crashes = len(stage.served.entries("child crashed"))

    stand_still_until_killed(child, FOUND_WITHIN)
    eventually(lambda: len(stage.cdn.streams(viewer.name)) == 2, "a new connection")

    assert_goes_on(stage, viewer)
    (crash,) = stage.served.entries("child crashed")[crashes:]
    assert crash["how"].startswith("it stood still for")


def test_a_mix_that_stood_still_for_a_moment_makes_up_for_it_without_leaving_out_a_picture(
    stage: Stage, viewer: Viewer
) -> None:
    (child,) = stage.served.children()
    before_ms = viewer.now().at_ms
    with frozen(child):
        # The time for which it stands still is what is tried.
        time.sleep(BLINK_SECONDS)

    viewer.until(lambda shot: shot.at_ms > before_ms + 3000, "three seconds")

    times = [at for at, _ in viewer.received.frames]
    assert [round(at * FPS / 1000) for at in times] == list(range(len(times)))
    assert rises(viewer.received.sound_times)


def test_a_machine_that_was_frozen_for_longer_than_a_lease_goes_on_in_the_same_push(
    stage: Stage, viewer: Viewer
) -> None:
    before_ms = viewer.now().at_ms
    with frozen(stage.served.role("worker"), *stage.served.children()):
        # Nothing tells when a lease has run out in a worker that is frozen itself.
        time.sleep(FROZEN_SECONDS)

    thawed = viewer.until(lambda shot: shot.at_ms > before_ms + FROZEN_SECONDS * 1000, "the time that is now")
    viewer.until_there(BOTH)
    viewer.until_heard({0: 0.05, 1: 0.05})

    assert stage.cloud.describe(stage.task)["Epoch"] == 1
    assert len(stage.cdn.streams(viewer.name)) == 1
    times = [at for at, _ in viewer.received.frames]
    assert rises(times)
    assert rises(viewer.received.sound_times)
    # What nobody could see in time was not made up for.
    assert sum(before_ms < at < thawed.at_ms for at in times) < FROZEN_SECONDS * 15 / 2
