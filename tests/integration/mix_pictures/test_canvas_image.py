"""The canvas: its colour, its image in each BackgroundRenderMode, and both changed while the output runs."""

from tests.fakes.web import late
from tests.harness.hosted_web import HostedWeb
from tests.harness.stage import Stage
from tests.integration.mix_pictures.drawn import (
    BLACK,
    BLUE,
    GREEN,
    HOST,
    RED,
    WHITE,
    Points,
    amiss,
    framed,
    plain,
    saved,
    scene,
    until_shown,
)
from tests.media.sync import pictures

# The square of 200 x 200 on a canvas of 640 x 360, by BackgroundRenderMode (spec/03 section 4).
# Cropped, it is 640 wide and 140 rows are cut from above and below: with them, the border there.
CROPPED: Points = {(32, 180): WHITE, (608, 180): WHITE, (320, 6): RED, (320, 354): RED, (100, 100): RED}
# Inside, it is 360 x 360 from x 140 on, with a border of 36.
INSIDE_ON_BLACK: Points = {(70, 180): BLACK, (570, 60): BLACK, (158, 180): WHITE, (320, 18): WHITE, (320, 180): RED}
# Stretched, the border is 64 wide and 36 high.
STRETCHED: Points = {(32, 180): WHITE, (320, 18): WHITE, (320, 340): WHITE, (100, 60): RED, (320, 180): RED}


def test_the_canvas_has_its_colour_and_its_image_as_each_mode_says(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    image = web.serve("/canvas.png", saved(framed()))
    viewer = stage.mix(scene(), canvas={"BackGroundColor": f"{BLUE:#x}"})
    until_shown(viewer, dict.fromkeys([(8, 8), (320, 180), (632, 8), (8, 352)], BLUE))

    # Not named, the mode is 2.
    stage.cloud.update(stage.task, 1, VideoParams={"BackgroundImageUrl": image})
    until_shown(viewer, STRETCHED)
    stage.cloud.update(stage.task, 2, VideoParams={"BackgroundRenderMode": 0})
    until_shown(viewer, CROPPED)
    stage.cloud.update(stage.task, 3, VideoParams={"BackgroundRenderMode": 1})
    until_shown(viewer, INSIDE_ON_BLACK)
    stage.cloud.update(stage.task, 4, VideoParams={"BackgroundRenderMode": 2})
    until_shown(viewer, STRETCHED)
    assert web.asked("/canvas.png") == 1


def test_an_image_that_comes_quickly_is_in_the_first_picture(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    image = web.serve("/canvas.png", saved(plain(GREEN)))

    def begins_with_it() -> bool:
        viewer = stage.mix(scene(), canvas={"BackGroundColor": f"{BLUE:#x}", "BackgroundImageUrl": image})
        viewer.now()
        stage.end()
        return not amiss(pictures(viewer.received)[0][1], {(320, 100): GREEN})

    # The output waits 250 ms for it, which may be too short on a machine that is busy for a moment.
    assert any(begins_with_it() for _ in range(3))


def test_an_image_that_comes_late_appears_in_the_running_output_and_an_update_replaces_and_removes_it(
    stage: Stage, web: HostedWeb
) -> None:
    stage.enter(HOST)
    slow, other = web.serve("/slow.jpg", late(saved(plain(GREEN), "JPEG"))), web.serve("/b.png", saved(plain(RED)))
    viewer = stage.mix(scene(), canvas={"BackGroundColor": f"{BLUE:#x}", "BackgroundImageUrl": slow})
    before = until_shown(viewer, {(320, 100): BLUE})

    web.release()
    arrived = until_shown(viewer, {(320, 100): GREEN})
    assert arrived.number > before.number
    stage.cloud.update(stage.task, 1, VideoParams={"BackgroundImageUrl": other})
    until_shown(viewer, {(320, 100): RED})
    stage.cloud.update(stage.task, 2, VideoParams={"BackgroundImageUrl": ""})
    until_shown(viewer, {(320, 100): BLUE})

    assert stage.cloud.describe(stage.task)["Notes"] == []
    assert len(stage.cdn.streams(viewer.name)) == 1
