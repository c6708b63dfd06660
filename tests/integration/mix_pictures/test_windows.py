"""Windows: what a transparent template cuts out of a picture, and where a window's own colour shows."""

from tests.harness.hosted_web import HostedWeb
from tests.harness.stage import Stage
from tests.integration.mix.places import guest, reserved, window
from tests.integration.mix_pictures.drawn import (
    BLUE,
    GREY,
    HOST,
    RED,
    WHITE,
    disc,
    framed,
    saved,
    scene,
    until_shown,
)

GREY_CANVAS = {"BackGroundColor": f"{GREY:#x}"}
# Films are 16 : 9: in a window of 160 x 180 a fitted one is 160 x 90, with 44 rows above and below.
TALL = [(160 * n, 0, 160, 180) for n in range(4)]


def test_a_template_cuts_a_round_window_out_of_a_picture_that_fills_it(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    stage.enter(guest(1))
    stage.enter(guest(2))
    url = web.serve("/disc.png", saved(disc()))
    blue = {"BackGroundColor": f"{BLUE:#x}", "BackGroundColorMode": 3}
    viewer = stage.mix(
        scene(
            window((0, 0, 200, 200), TransparentUrl=url, **blue, **reserved("person1")),
            # Of no effect where the picture does not fill its window.
            window((220, 0, 240, 134), TransparentUrl=url, RenderMode=1, **reserved("person2")),
        ),
        canvas=GREY_CANVAS,
    )

    one, two = guest(1).colour, guest(2).colour
    until_shown(
        viewer,
        {
            # What the disc leaves free shows the canvas; the corners of its square are 29 away from it.
            **dict.fromkeys([(8, 8), (191, 8), (8, 191), (191, 191), (22, 22)], GREY),
            (100, 10): one,
            (160, 114): one,
            (40, 114): one,
            (228, 8): two,
            (452, 8): two,
        },
    )


def test_the_colour_of_a_window_shows_where_its_mode_says(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    stage.enter(guest(1))
    stage.enter(guest(2))
    url = web.serve("/framed.png", saved(framed()))
    white = {"BackGroundColor": f"{WHITE:#x}", "RenderMode": 1, "BackgroundImageUrl": url, "BackgroundRenderMode": 1}
    viewer = stage.mix(
        scene(
            window(TALL[0], BackGroundColorMode=1, **white, **reserved("person1")),
            window(TALL[1], BackGroundColorMode=2, **white, **reserved("person2")),
            window(TALL[2], BackGroundColorMode=1, **white),
            window(TALL[3], BackGroundColorMode=2, **white),
        ),
        canvas={"BackGroundColor": f"{BLUE:#x}"},
    )

    until_shown(
        viewer,
        {
            # The picture fits from row 45 to 135, the placeholder, which is a square, from row 10 to 170.
            (80, 20): BLUE,
            (80, 160): BLUE,
            (240, 20): WHITE,
            (240, 160): WHITE,
            (400, 4): WHITE,
            (560, 4): BLUE,
            (400, 90): RED,
            (560, 90): RED,
        },
    )


def test_a_template_that_comes_late_leaves_the_picture_whole_until_then(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    stage.enter(guest(1))
    url = web.serve("/disc.png", saved(disc()))
    viewer = stage.mix(scene(window((0, 0, 200, 200), **reserved("person1"))), canvas=GREY_CANVAS)
    until_shown(viewer, {(8, 8): guest(1).colour})

    stage.cloud.update(
        stage.task,
        1,
        VideoParams={"LayoutParams": scene(window((0, 0, 200, 200), TransparentUrl=url, **reserved("person1")))},
    )
    until_shown(viewer, {(8, 8): GREY, (100, 10): guest(1).colour})
    stage.cloud.update(
        stage.task, 2, VideoParams={"LayoutParams": scene(window((0, 0, 200, 200), **reserved("person1")))}
    )
    until_shown(viewer, {(8, 8): guest(1).colour})
