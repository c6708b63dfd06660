"""The life of a fed-back user: when he enters and leaves, who throws whom out, and a child that dies."""

import os
import signal
import sys
from typing import Any

import pytest

from tailrace.unit import Codec
from tests.harness.cloud import ENDED
from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.feedback.conftest import Rooms
from tests.integration.mix.places import guest
from tests.media.film import FPS

GRID = {"MixLayoutMode": 3}
MAX_IDLE = 5  # the shortest of the API


def fed_back(stage: Stage, *rooms: dict[str, object], urls: tuple[str, ...] = (), **more: Any) -> str:
    """Start a mix of the stage that goes to these rooms, and return its TaskId."""
    task = stage.cloud.start_mix(stage.room, urls, layout=GRID, FeedBackRoomParams=list(rooms), **more)
    stage.keep(task)
    return task


def users(stage: Stage, task: str) -> list[tuple[str, str]]:
    """Return the user of each room and how he is."""
    return [(room["UserId"], room["State"]) for room in stage.cloud.describe(task)["FeedBackRooms"]]


def test_a_task_without_a_cdn_runs_and_says_how_it_is_in_its_rooms(stage: Stage, rooms: Rooms) -> None:
    task = fed_back(stage, rooms.back(f"{stage.room}b"))
    eventually(lambda: stage.cloud.describe(task)["State"] == "running", "taken by a worker")
    eventually(lambda: users(stage, task) == [("back", "connecting")], "nothing to send yet")

    stage.enter(guest(0))
    eventually(lambda: users(stage, task) == [("back", "running")], "sent")

    told = stage.cloud.describe(task)
    (room,) = told["FeedBackRooms"]
    assert (room["RoomId"], room["RoomIdType"], room["Status"]) == (f"{stage.room}b", 1, 2)
    assert room["VideoFrames"] > 0
    assert told["Destinations"] == []


def test_the_user_is_in_the_room_from_the_start_and_leaves_when_the_task_is_stopped(stage: Stage, rooms: Rooms) -> None:
    room = f"{stage.room}b"
    with rooms.watch(room) as viewer:
        task = fed_back(stage, rooms.back(room))
        place = viewer.until_in_room()
        assert (place.via, place.task_id, place.epoch) == ("feedback", task, 1)
        assert [made_of.room_id for made_of in place.fed_back_from] == [stage.room]
        assert (place.audio, place.video) == (False, False)

        stage.enter(guest(0))
        viewer.until_more(Codec.H264, FPS)
        sends = viewer.until_in_room()
        assert (sends.audio, sends.video, sends.heard, sends.seen) == (True,) * 4
        assert (sends.width, sends.height) == (640, 360)

        stage.cloud.stop(task)
        eventually(lambda: viewer.exits == 1, "out of the room")
    assert stage.cloud.until_ended(task)["Reason"] == "stopped"


def test_an_update_adds_rooms_and_takes_them_away_and_the_others_notice_nothing(stage: Stage, rooms: Rooms) -> None:
    first, second = f"{stage.room}b", f"{stage.room}c"
    stage.enter(guest(0))
    task = fed_back(stage, rooms.back(first), urls=(stage.cdn.url(stage.room),))
    with rooms.watch(first) as stays, rooms.watch(second, "new") as comes:
        stays.until_more(Codec.H264, 1)
        stage.cloud.update(task, 1, FeedBackRoomParams=[rooms.back(first), rooms.back(second, "new")])
        comes.until_more(Codec.H264, FPS)
        assert comes.units[0].key
        assert users(stage, task) == [("back", "running"), ("new", "running")]

        stage.cloud.update(task, 2, FeedBackRoomParams=[rooms.back(second, "new")], PublishCdnParams=[])
        eventually(lambda: stays.exits == 1, "out of the first room")
        stage.cdn.until_ended(stage.room)
        comes.until_more(Codec.H264, FPS)
        comes.until_more(Codec.OPUS, FPS)
    for viewer in (stays, comes):
        numbers = [unit.sequence for unit in viewer.of(Codec.H264)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert comes.exits == 0


def test_somebody_who_enters_under_the_users_name_ends_the_task(stage: Stage, rooms: Rooms) -> None:
    room = f"{stage.room}b"
    stage.enter(guest(0))
    task = fed_back(stage, rooms.back(room))
    eventually(lambda: users(stage, task) == [("back", "running")], "fed back")

    with rooms.watch(room) as viewer:
        stage.enter(guest(1), user="back", room=room)
        assert stage.cloud.until_ended(task)["Reason"] == "robot kicked"
        place = viewer.until_in_room()
    assert place.via == "rtmp"


def test_the_last_one_in_wins_against_somebody_who_is_there_before_the_task(stage: Stage, rooms: Rooms) -> None:
    room = f"{stage.room}b"
    stage.enter(guest(0))
    before = stage.enter(guest(1), user="back", room=room)

    task = fed_back(stage, rooms.back(room))

    eventually(lambda: before.gone, "thrown out")
    eventually(lambda: users(stage, task) == [("back", "running")], "fed back")


@pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")
def test_a_killed_child_is_followed_by_another_one_without_an_exit_and_times_go_on(stage: Stage, rooms: Rooms) -> None:
    room = f"{stage.room}b"
    stage.enter(guest(0))
    task = fed_back(stage, rooms.back(room))
    with rooms.watch(room) as viewer:
        viewer.until_more(Codec.OPUS, FPS)
        for child in stage.served.children():
            os.kill(child, signal.SIGKILL)
        assert viewer.until_in_room(epoch=2).video
        sessions = len({unit.session for unit in list(viewer.units)})
        eventually(lambda: len({unit.session for unit in list(viewer.units)}) > sessions, "its units")
        viewer.until_more(Codec.OPUS, FPS)
        viewer.until_more(Codec.H264, FPS)
    assert viewer.exits == 0
    for codec in (Codec.H264, Codec.OPUS):
        times = [unit.dts_us for unit in viewer.of(codec)]
        assert times == sorted(set(times))
    assert users(stage, task) == [("back", "running")]


def test_a_fed_back_user_does_not_keep_a_task_alive(stage: Stage, rooms: Rooms) -> None:
    anna = stage.enter(guest(0))
    task = fed_back(stage, rooms.back(stage.room), max_idle=MAX_IDLE)
    other = stage.cloud.start_mix(stage.room, [stage.cdn.url(stage.room)], layout=GRID, max_idle=MAX_IDLE)
    stage.keep(other)
    eventually(lambda: users(stage, task) == [("back", "running")], "fed back")
    stage.cloud.until_running(other)

    anna.leave()

    for ended in (task, other):
        assert stage.cloud.until_ended(ended)["Reason"] == "idle"


def test_nobody_is_told_that_a_fed_back_user_comes_and_goes(stage: Stage, rooms: Rooms) -> None:
    stage.enter(guest(0))
    task = fed_back(stage, rooms.back(stage.room))
    eventually(lambda: users(stage, task) == [("back", "running")], "fed back")
    stage.cloud.stop(task)
    stage.enter(guest(1))

    def entered() -> list[str]:
        return [e["UserId"] for e in stage.cloud.events(RoomId=stage.room) if e["EventType"] == 103]

    eventually(lambda: "person1" in entered(), "the last one's entry")
    assert set(entered()) == {"person0", "person1"}
    assert stage.cloud.describe(task)["State"] in ("stopping", ENDED)
