"""Feedback from a shell."""

import json

from tests.harness.served import Served
from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.feedback.conftest import Rooms
from tests.integration.mix.places import guest


def test_a_mix_without_a_cdn_is_started_and_shown_with_its_rooms(stage: Stage, served: Served, rooms: Rooms) -> None:
    stage.enter(guest(0))
    done = served.command("task", "start", stage.room, "--mix", "--feedback", f"{stage.room}b:back", "--json")
    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)["TaskId"]
    stage.keep(task)

    with rooms.watch(f"{stage.room}b") as viewer:
        viewer.until_in_room()
        eventually(lambda: viewer.units, "its pictures")
    shown = served.command("task", "show", task).stdout
    assert f"{stage.room}b" in shown
    assert "back" in shown
    assert "running" in shown


def test_a_running_task_goes_to_other_rooms_and_to_none(stage: Stage, served: Served, rooms: Rooms) -> None:
    stage.enter(guest(0))
    task = stage.cloud.start_mix(stage.room, [stage.cdn.url(stage.room)])
    stage.keep(task)
    room = f"{stage.room}b"
    with rooms.watch(room) as viewer:
        for how, there in ((f"{room}:back", True), ("none", False)):
            done = served.command("task", "update", task, "--feedback", how)
            assert done.returncode == 0, done.stderr
            eventually(lambda: (viewer.place is not None) is there, f"the room after {how}")  # noqa: B023
