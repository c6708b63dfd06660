"""Whose mix a fed-back stream is part of (spec/02 section 5, "Feedback streams"), and what is never fed back."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.harness.cloud import who
from tests.harness.stage import Stage
from tests.harness.viewer import Viewer
from tests.harness.waiting import eventually
from tests.integration.feedback.conftest import Rooms
from tests.integration.mix.places import custom, grid, guest, reserved, whole, window

GRID = {"MixLayoutMode": 3}
LEFT, RIGHT = grid(2, 1, 0), grid(2, 1, 1)


@pytest.fixture
def back(stage: Stage, rooms: Rooms) -> str:
    """Another room that a mix of the stage is fed back into, as `back`; all that is in it is person 0."""
    return feed_back(stage, rooms, f"{stage.room}b")


@pytest.fixture
def own(stage: Stage, rooms: Rooms) -> str:
    """The stage's own room, which a mix of it is fed back into, as `back`; all that is in it is person 0."""
    return feed_back(stage, rooms, stage.room)


def feed_back(stage: Stage, rooms: Rooms, room: str) -> str:
    """Let person 0 enter the stage, and feed a mix of it back into `room`."""
    stage.enter(guest(0))
    stage.keep(stage.cloud.start_mix(stage.room, [], layout=GRID, FeedBackRoomParams=[rooms.back(room)]))
    task = stage.last()
    eventually(lambda: [r["State"] for r in stage.cloud.describe(task)["FeedBackRooms"]] == ["running"], "fed back")
    return room


def mix_of(stage: Stage, room: str, layout: Mapping[str, Any] | None = None, **more: Any) -> Viewer:
    """Start a mix of that room, and return what shows it."""
    name = f"of-{room}-{stage.room}"
    stage.keep(stage.cloud.start_mix(room, [stage.cdn.url(name)], layout=layout, **more))
    return Viewer(stage.cdn, name)


def members(stage: Stage) -> list[str]:
    """Return who has a window in the latest task."""
    return [window["UserId"] for window in stage.cloud.describe(stage.last())["Windows"]]


def test_a_the_robot_is_mixed_where_the_video_parameters_name_it(stage: Stage, own: str) -> None:
    layout = custom(window(LEFT, **reserved("person0")), window(RIGHT, **reserved("back")))

    viewer = mix_of(stage, own, layout)

    # Person 0 fills the left half by himself, and the right one as what is fed back: the same colour all over.
    viewer.until_there({0: whole()})
    assert members(stage) == ["person0", "back"]
    viewer.until_heard({0: 0.1})


def test_b_the_robot_is_mixed_where_it_is_on_the_audio_whitelist(stage: Stage, own: str) -> None:
    viewer = mix_of(stage, own, video=False, only=[who("back")])

    viewer.until_heard({0: 0.05})


def test_c_the_robot_is_mixed_where_all_rooms_are_others_than_those_it_is_made_of(stage: Stage, back: str) -> None:
    viewer = mix_of(stage, back, GRID)

    viewer.until_there({0: whole()})
    viewer.until_heard({0: 0.05})
    assert members(stage) == ["back"]


def test_otherwise_it_is_not_mixed_and_nobody_is_seen_or_heard_twice(stage: Stage, own: str) -> None:
    viewer = mix_of(stage, own, GRID)

    viewer.until_there({0: whole()})
    viewer.until_heard({0: 0.05})
    assert members(stage) == ["person0"]


def test_one_common_room_is_enough_to_leave_it_out(stage: Stage, back: str) -> None:
    stage.enter(guest(1), room=back)
    layout = custom(window(LEFT, **reserved("person0", stage.room)), window(RIGHT))

    viewer = mix_of(stage, back, layout)

    viewer.until_there({0: LEFT, 1: RIGHT})


def test_it_is_never_mixed_into_another_task_that_is_fed_back_whoever_names_it(
    stage: Stage, rooms: Rooms, back: str
) -> None:
    stage.enter(guest(1), room=back)
    layout = custom(window(LEFT, **reserved("back")), window(RIGHT, **reserved("person1")))

    viewer = mix_of(stage, back, layout, FeedBackRoomParams=[rooms.back(f"{back}c")])

    viewer.until_there({1: RIGHT})
    # An update that ends the feeding back lets it in.
    stage.cloud.update(stage.last(), 1, FeedBackRoomParams=[])
    viewer.until_there({0: LEFT, 1: RIGHT})


def test_it_is_passed_through_to_a_cdn_but_not_into_another_room(stage: Stage, rooms: Rooms, back: str) -> None:
    name = f"single-{stage.room}"
    stage.keep(stage.cloud.start(back, "back", [stage.cdn.url(name)]))
    viewer = Viewer(stage.cdn, name)
    viewer.until_there({0: whole()})

    stage.cloud.update(stage.last(), 1, mix=False, FeedBackRoomParams=[rooms.back(f"{back}d", "again")])

    eventually(lambda: "not fed back into another one" in str(stage.cloud.describe(stage.last())["Notes"]), "a note")
