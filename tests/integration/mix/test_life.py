"""The life of a mix: before anybody is there, when all have left, when it is stopped or thrown out."""

from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.mix.places import guest, whole

ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]
GRID = {"MixLayoutMode": 3}


def test_a_mix_waits_for_the_first_one_and_ends_in_order_when_it_is_stopped(stage: Stage) -> None:
    viewer = stage.mix(GRID)
    eventually(lambda: stage.cloud.describe(stage.task)["State"] == "running", "taken by a worker")
    assert stage.cloud.states(stage.task) == ["idle"]
    assert stage.cdn.streams(viewer.name) == []

    stage.enter(guest(0))
    viewer.until_there({0: whole()})
    stage.cloud.until_running(stage.task)
    first_ms, first = viewer.received.frames[0]
    assert (first_ms, first.key) == (0, True)
    # The encoder of sound holds two pieces; the first one comes after some pictures.
    assert eventually(lambda: viewer.received.sound_times, "sound")[0] < 100

    stage.end()
    assert stage.cdn.stream(viewer.name).events[-3:] == ORDERLY_END
    assert stage.cloud.until_ended(stage.task)["Reason"] == "stopped"


def test_a_mix_ends_when_all_have_been_away_for_its_idle_time(stage: Stage) -> None:
    first, second = (stage.enter(guest(n)) for n in range(2))
    viewer = stage.mix(GRID, max_idle=5)
    viewer.now()
    first.leave()
    viewer.until_there({1: whole()})
    left_ms = viewer.now().at_ms
    second.leave()

    ended = stage.cloud.until_ended(stage.task)

    assert ended["Reason"] == "idle"
    assert stage.cdn.until_ended(viewer.name).events[-3:] == ORDERLY_END
    # While nobody was there the output went on, without anybody in it.
    assert viewer.received.frames[-1][0] > left_ms + 4000
    assert viewer.until_there({}).at_ms > left_ms


def test_a_user_who_enters_under_the_robots_name_ends_the_mix(stage: Stage) -> None:
    stage.enter(guest(0))
    viewer = stage.mix(GRID, robot="robbie")
    viewer.until_there({0: whole()})

    stage.enter(guest(1), user="robbie")

    assert stage.cloud.until_ended(stage.task)["Reason"] == "robot kicked"
    assert stage.cdn.until_ended(viewer.name).events[-3:] == ORDERLY_END
