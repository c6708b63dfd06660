"""Presence: which member throws which one out."""

from dataclasses import replace

import pytest

from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Presence, Role

ROOM, OTHER = Room(SdkAppId(1), "hall", numeric=False), Room(SdkAppId(1), "lobby", numeric=False)
EARLIER = Presence(ROOM, UserId("anna"), Role.MAIN, 1, 1.0)
SCREEN = replace(EARLIER, role=Role.AUX, session=2)
ROBOT = replace(EARLIER, role=Role.ROBOT, session=2, via="task", task_id="t", epoch=1)
FED_BACK = replace(EARLIER, session=2, via="feedback", task_id="t", epoch=1, fed_back_from=(OTHER,))


@pytest.mark.parametrize(
    ("one", "other", "removes"),
    [
        pytest.param(replace(EARLIER, session=2), EARLIER, True, id="a later session of the same stream"),
        pytest.param(EARLIER, replace(EARLIER, session=2), False, id="an earlier one"),
        pytest.param(EARLIER, EARLIER, False, id="itself"),
        pytest.param(SCREEN, EARLIER, False, id="the screen of the same person"),
        pytest.param(replace(SCREEN, room=OTHER), EARLIER, False, id="the same name in another room"),
        pytest.param(ROBOT, EARLIER, True, id="a robot of that name"),
        pytest.param(replace(EARLIER, session=3), ROBOT, True, id="a person with a robot's name"),
        pytest.param(FED_BACK, EARLIER, True, id="a fed-back user of that name"),
        pytest.param(replace(EARLIER, session=3), FED_BACK, True, id="a person with a fed-back user's name"),
        pytest.param(replace(SCREEN, session=3), FED_BACK, True, id="his screen: a task has none"),
        pytest.param(FED_BACK, replace(SCREEN, session=1), True, id="a fed-back user named as a screen"),
        pytest.param(replace(FED_BACK, epoch=2, session=1), FED_BACK, True, id="the next child, whatever the clocks"),
        pytest.param(replace(FED_BACK, session=3), replace(FED_BACK, epoch=2), False, id="the last child"),
        pytest.param(replace(FED_BACK, session=3, task_id="u"), FED_BACK, True, id="another task"),
        pytest.param(replace(ROBOT, epoch=2, session=1), ROBOT, True, id="the next child's robot"),
    ],
)
def test_the_last_one_in_wins_and_of_one_task_the_later_epoch(one: Presence, other: Presence, removes: bool) -> None:
    assert one.removes(other) is removes


def test_robots_are_those_that_a_task_is_in_the_room_as() -> None:
    assert [member.is_robot for member in (EARLIER, SCREEN, ROBOT, FED_BACK)] == [False, False, True, True]
