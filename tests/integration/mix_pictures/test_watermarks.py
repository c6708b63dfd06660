"""Watermarks: images and texts at their places and layers, standing and moving."""

import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from tailrace.media.canvas import colour_of, planes_of
from tailrace.media.text import text_patch
from tailrace.model.mix import ImageMark, Motion, TextMark
from tailrace.model.motion import position
from tailrace.secret import ImageUrl
from tests.harness.hosted_web import HostedWeb
from tests.harness.stage import Stage
from tests.harness.viewer import Place, Shot
from tests.integration.mix.places import HEIGHT, WIDTH, guest, reserved, window
from tests.integration.mix_pictures.drawn import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    HOST,
    RED,
    WHITE,
    YELLOW,
    amiss,
    plain,
    rgb,
    saved,
    scene,
    until_shown,
)
from tests.media.sync import pictures
from tests.media.windows import shows_colour

FPS = 15
ROBOT = "marker"
# Of a text as it was drawn and as it came: 1 would be the same, another text has less than 0.6.
ALIKE = 0.93
CANVAS: dict[str, Any] = {"BackGroundColor": f"{GREY:#x}"}


def image_mark(url: str, place: Place, **more: object) -> dict[str, object]:
    x, y, width, height = place
    size = {"LocationX": x, "LocationY": y, "WaterMarkWidth": width, "WaterMarkHeight": height}
    return {"WaterMarkType": 0, "WaterMarkImage": {"WaterMarkUrl": url, **size, **more}}


def text_mark(text: str, place: Place, font_size: int = 30, **more: object) -> dict[str, object]:
    x, y, width, height = place
    size = {"LocationX": x, "LocationY": y, "WaterMarkWidth": width, "WaterMarkHeight": height}
    return {"WaterMarkType": 1, "WaterMarkText": {"Text": text, "FontSize": font_size, **size, **more}}


def likeness(picture: VideoFrame, mark: TextMark) -> float:
    """Return how much a text looks like one that was never encoded: the correlation of their luma."""
    patch = text_patch(mark)
    wanted = patch.y if patch.alpha is None else patch.alpha.plane
    seen = planes_of(picture)[0][mark.y : mark.y + patch.height, mark.x : mark.x + patch.width]
    return float(np.corrcoef(seen.ravel(), wanted.ravel())[0, 1])


def test_images_and_texts_stand_at_their_places_and_layers(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    stage.enter(guest(1))
    half = Image.new("RGBA", (60, 60))
    half.paste((*rgb(YELLOW), 255), (0, 0, 30, 60))
    logo, red = web.serve("/logo.png", saved(half)), web.serve("/red.jpg", saved(plain(RED), "JPEG"))
    texts = [
        TextMark("Tailrace 24/7", 20, 200, 280, 40, 30),
        TextMark("直播 テスト 라이브", 20, 250, 280, 40, 30, colour=BLACK, background=WHITE),
    ]
    viewer = stage.mix(
        scene(window((200, 20, 240, 136), ZOrder=2, **reserved("person1"))),
        canvas={
            **CANVAS,
            "WaterMarkList": [
                image_mark(logo, (20, 20, 120, 60)),
                # Half of each is on the window of layer 2: one lies below it, and one, of its own layer, above it.
                image_mark(red, (160, 40, 80, 40), ZOrder=1),
                image_mark(red, (400, 100, 80, 40), ZOrder=2),
                # Beyond the canvas it is cut.
                image_mark(red, (600, 10, 80, 40)),
                text_mark(texts[0].text, (20, 200, 280, 40)),
                text_mark(texts[1].text, (20, 250, 280, 40), FontColor="0x000000", BackGroundColor="0xFFFFFF"),
            ],
        },
    )

    def all_there(shot: Shot) -> bool:
        points = {
            (50, 50): YELLOW,
            (110, 50): GREY,
            (180, 60): RED,
            (220, 60): guest(1).colour,
            (420, 120): RED,
            (460, 120): RED,
            (620, 30): RED,
            (592, 30): GREY,
            (10, 220): GREY,
        }
        return not amiss(shot.picture, points) and all(likeness(shot.picture, text) > ALIKE for text in texts)

    shot = viewer.until(all_there, "all watermarks")
    assert likeness(shot.picture, TextMark("Another text", 20, 200, 280, 40, 30)) < 0.6


def test_an_update_changes_removes_and_replaces_watermarks_without_a_frame_that_lacks_them(
    stage: Stage, web: HostedWeb
) -> None:
    stage.enter(HOST)
    red, blue = web.serve("/red.png", saved(plain(RED))), web.serve("/blue.png", saved(plain(BLUE)))
    place, box = (20, 20, 80, 60), (20, 200, 280, 40)
    first, second = (TextMark(text, *box, 30) for text in ("Half time 1 : 0", "Full time 2 : 0"))

    viewer = stage.mix(
        scene(), canvas={**CANVAS, "WaterMarkList": [image_mark(red, place), text_mark(first.text, box)]}
    )
    began = viewer.until(
        lambda shot: not amiss(shot.picture, {(60, 50): RED}) and likeness(shot.picture, first) > ALIKE, "the first"
    )
    stage.cloud.update(
        stage.task,
        1,
        VideoParams={"WaterMarkList": [image_mark(red, (20, 20, 160, 120)), text_mark(second.text, box)]},
    )
    changed = viewer.until(
        lambda shot: not amiss(shot.picture, {(150, 120): RED}) and likeness(shot.picture, second) > ALIKE, "the second"
    )
    between = [picture for _, picture in pictures(viewer.received)][began.number : changed.number + 1]
    assert all(shows_colour(picture, RED, 30, 30, 60, 40) for picture in between)
    assert all(max(likeness(picture, mark) for mark in (first, second)) > 0.8 for picture in between)

    stage.cloud.update(stage.task, 2, VideoParams={"WaterMarkList": [image_mark(blue, place)]})
    shot = until_shown(viewer, {(60, 50): BLUE, (150, 120): GREY})
    assert shows_colour(shot.picture, GREY, 20, 200, 280, 40)
    stage.cloud.update(stage.task, 3, VideoParams={"WaterMarkList": []})
    until_shown(viewer, {(60, 50): GREY})


@pytest.mark.parametrize(("motion", "frames"), [(Motion.JUMPING, 4 * FPS), (Motion.BOUNCING, 3 * FPS)])
def test_a_watermark_moves_inside_of_the_canvas_as_its_motion_says(
    stage: Stage, web: HostedWeb, motion: Motion, frames: int
) -> None:
    stage.enter(HOST)
    url = web.serve("/green.png", saved(plain(GREEN)))
    place = (500, 240, 100, 80)
    # It stands above the host, who would hide it.
    mark = image_mark(url, place, ZOrder=10, DynamicPosType=int(motion))

    robot = f"{ROBOT}{motion}"
    viewer = stage.mix(scene(), robot=robot, canvas={**CANVAS, "WaterMarkList": [mark]})
    first = viewer.until(lambda shot: shows_somewhere(shot.picture), "the watermark")
    viewer.until(lambda shot: shot.number >= first.number + frames, "some seconds")

    seen = pictures(viewer.received)
    begin = seen[0][0]
    asked = ImageMark(ImageUrl(url), *place, motion=motion)
    places = []
    for at, picture in seen[first.number :]:
        x, y = position(asked, WIDTH, HEIGHT, round((at - begin) * FPS), FPS, zlib.crc32(robot.encode()))
        assert 0 <= x <= WIDTH - 100
        assert 0 <= y <= HEIGHT - 80
        assert shows_colour(picture, GREEN, x + 4, y + 4, 92, 72), (at, x, y)
        places.append((x, y))
    changes = sum(before != after for before, after in pairwise(places))
    assert changes == len(places) - 1 if motion is Motion.BOUNCING else 3 <= changes <= 6


def shows_somewhere(picture: VideoFrame) -> bool:
    """Whether anything is green."""
    _, u, v = (plane.astype(int) for plane in planes_of(picture))
    _, wanted_u, wanted_v = colour_of(GREEN)
    return int(((abs(u - wanted_u) < 5) & (abs(v - wanted_v) < 5)).sum()) > 1000
