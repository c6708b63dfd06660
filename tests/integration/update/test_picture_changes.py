"""The picture is changed while it runs: from one frame to the next, without a frame that is missing or late."""

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import (
    CUSTOM,
    CUSTOM_PLACES,
    ENCODE,
    FLOATING,
    FLOATING_PLACES,
    FPS,
    GRID,
    GRID_PLACES,
    ROOM,
    Places,
    custom,
    text_mark,
)
from tests.integration.update.watching import around, change_of, go_on, is_steady, latest_ms, shows
from tests.media.windows import shows_colour

pytestmark = pytest.mark.usefixtures("people")

BLACK, GREY, WHITE = 0x000000, 0x808080, 0xFFFFFF
# A part of CUSTOM's canvas where nobody is.
FREE = (380, 20, 100, 160)
# Below it a text, and the part of its box that lies below the words.
MARK, BOX = (380, 200, 100, 60), (384, 236, 92, 20)


def test_the_layout_changes_from_one_frame_to_the_next_and_no_frame_is_missing(cloud: Cloud, cdn: HostedCdn) -> None:
    layouts: list[tuple[dict[str, Any], Places]] = [
        (GRID, GRID_PLACES),
        (FLOATING, FLOATING_PLACES),
        (CUSTOM, CUSTOM_PLACES),
        (FLOATING, FLOATING_PLACES),
        (GRID, GRID_PLACES),
    ]
    task = cloud.start_mix(ROOM, [cdn.url("layout")], layout=GRID, encode=ENCODE)
    cdn.until("layout", 2 * FPS)
    stream = cdn.stream("layout")
    changed_ms = []
    for revision, (layout, _) in enumerate(layouts[1:], 1):
        changed_ms.append(latest_ms(stream))
        cloud.update(task, revision, VideoParams={"LayoutParams": layout})
        until_visible(cloud, task, revision)
        cdn.until_more("layout", FPS)
    cloud.stop(task)
    cdn.until_ended("layout")

    assert len(cdn.streams("layout")) == 1
    for at_ms, ((_, old), (_, new)) in zip(changed_ms, pairwise(layouts), strict=True):
        pictures = around(stream, at_ms)
        assert is_steady(stream, at_ms)
        assert go_on(pictures, change_of(pictures, shows(old), shows(new)), old, new)


def test_the_canvas_colour_and_the_layout_change_with_the_same_frame(cloud: Cloud, cdn: HostedCdn) -> None:
    fewer = {person: CUSTOM_PLACES[person] for person in (0, 3)}
    task = cloud.start_mix(ROOM, [cdn.url("colour")], layout=CUSTOM, encode=ENCODE)
    cdn.until("colour", 2 * FPS)
    stream = cdn.stream("colour")
    before, called = latest_ms(stream), time.time()
    cloud.update(task, 1, VideoParams={"BackGroundColor": "0x808080", "LayoutParams": custom(fewer)})
    since = until_visible(cloud, task, 1)
    cdn.until_more("colour", FPS)
    cloud.stop(task)
    cdn.until_ended("colour")

    pictures = around(stream, before)
    change = change_of(
        pictures,
        lambda image: shows_colour(image, BLACK, *FREE) and shows(CUSTOM_PLACES)(image),
        lambda image: shows_colour(image, GREY, *FREE) and shows(fewer)(image),
    )
    assert is_steady(stream, before)
    assert go_on(pictures, change, CUSTOM_PLACES, fewer)
    # What Describe says of the output is what the CDN sees, with the little time from the one to the other.
    assert called < since < called + 1
    assert pictures[change].arrived == pytest.approx(since, abs=0.2)


def test_a_text_comes_with_its_update_and_goes_with_another(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("text")], layout=CUSTOM, encode=ENCODE)
    cdn.until("text", 2 * FPS)
    stream = cdn.stream("text")
    put = latest_ms(stream)
    mark = [text_mark("live", MARK)]
    cloud.update(task, 1, VideoParams={"WaterMarkList": mark, "BackGroundColor": "0x808080"})
    cdn.until_more("text", FPS)
    taken = latest_ms(stream)
    cloud.update(task, 2, VideoParams={"WaterMarkList": []})
    cdn.until_more("text", FPS)
    cloud.stop(task)
    cdn.until_ended("text")

    coming, going = around(stream, put), around(stream, taken)
    came = change_of(
        coming,
        lambda image: shows_colour(image, BLACK, *FREE) and shows_colour(image, BLACK, *BOX),
        lambda image: shows_colour(image, GREY, *FREE) and shows_colour(image, WHITE, *BOX),
    )
    went = change_of(
        going, lambda image: shows_colour(image, WHITE, *BOX), lambda image: shows_colour(image, GREY, *BOX)
    )
    assert is_steady(stream, put)
    assert is_steady(stream, taken)
    assert go_on(coming, came, CUSTOM_PLACES, CUSTOM_PLACES)
    assert go_on(going, went, CUSTOM_PLACES, CUSTOM_PLACES)
