"""Arrangement: the gallery of the custom layout, and the update halfway."""

import re

import pytest

from tailrace.cli.demo.arrangement import AFTER, custom_windows, look_of, mark_box, update_of
from tailrace.cli.mix_options import LayoutName
from tailrace.control.actions.update_publish_cdn_stream import Request

USERS = [f"user{number}" for number in range(16)]


def boxes(count: int) -> list[tuple[int, int, int, int]]:
    """Return left, top, right, bottom of each window, even ones only."""
    found = []
    for text in custom_windows(USERS[:count]):
        _, width, height, x, y = re.split(r"[=x+]", text)
        assert all(int(number) % 2 == 0 for number in (width, height, x, y)), text
        found.append((int(x), int(y), int(x) + int(width), int(y) + int(height)))
    return found


@pytest.mark.parametrize("count", range(1, 17))
def test_custom_windows_stand_inside_the_picture_and_apart(count: int) -> None:
    found = boxes(count)

    assert len(found) == count
    for left, top, right, bottom in found:
        assert 0 < left < right < 1280
        assert 0 < top < bottom < 720
        assert abs((right - left) / (bottom - top) - 16 / 9) < 0.03
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def test_each_window_is_reserved_for_its_user() -> None:
    assert [text.split("=")[0] for text in custom_windows(USERS[:5])] == USERS[:5]


@pytest.mark.parametrize("layout", list(LayoutName))
def test_every_layout_changes_to_another_one(layout: LayoutName) -> None:
    assert AFTER[layout] is not layout


@pytest.mark.parametrize("layout", list(LayoutName))
def test_the_update_is_one_that_the_api_takes(layout: LayoutName) -> None:
    request = Request.model_validate({"SdkAppId": 1400000001, **update_of("task", layout, USERS[:4])})

    video = request.video_params
    assert video is not None
    assert video.layout_params is not None
    assert request.sequence_number == 1
    ground = (video.water_mark_list or ())[0].water_mark_text
    assert ground is not None
    assert (ground.location_x, ground.location_y) == (mark_box(layout)["x"], mark_box(layout)["y"])


def test_the_watermark_covers_no_name() -> None:
    # Names stand at the top of each window; the small windows of floating fill the picture from below.
    assert (mark_box(LayoutName.FLOATING)["y"], mark_box(LayoutName.GRID)["y"]) == (24, 720 - 24 - 48)


def test_the_first_one_shares_his_screen() -> None:
    assert look_of(LayoutName.SCREEN, USERS[:3]).big == "user0"
