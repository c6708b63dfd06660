"""Placeholders: images of every kind in windows whose user is away, and what happens when he comes."""

from PIL import Image

from tests.harness.hosted_web import HostedWeb
from tests.harness.stage import Stage
from tests.integration.mix.places import guest, reserved, window
from tests.integration.mix_pictures.drawn import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    HOST,
    RED,
    WHITE,
    YELLOW,
    Points,
    framed,
    plain,
    rgb,
    saved,
    scene,
    until_shown,
)
from tests.media.windows import who_is_at
from tests.unit.media.images import gif, webm

SIZE = 160, 90
PLACES = [(160 * n % 640, 90 * (n // 4), *SIZE) for n in range(8)]
# Two windows of 200 x 100 across, three down: what is in them is a square.
WIDE = [(220 * (n % 2), 110 * (n // 2), 200, 100) for n in range(6)]


def middle(place: tuple[int, int, int, int]) -> tuple[int, int]:
    return place[0] + place[2] // 2, place[1] + place[3] // 2


def test_a_placeholder_of_each_kind_is_shown_until_the_user_comes_and_again_when_he_has_left(
    stage: Stage, web: HostedWeb
) -> None:
    stage.enter(HOST)
    turns = [plain(YELLOW, *SIZE), plain(WHITE, *SIZE)]
    files = {
        "a.png": saved(plain(RED)),
        "b.jpg": saved(plain(GREEN), "JPEG"),
        "c.bmp": saved(plain(BLUE), "BMP"),
        "d.gif": gif([rgb(YELLOW), rgb(WHITE)], [400, 400]),
        "e.webm": webm([turns[n // 4] for n in range(8)], fps=10),
    }
    urls = [web.serve(f"/{name}", data) for name, data in files.items()]
    viewer = stage.mix(
        scene(
            *(
                window(place, BackgroundImageUrl=url, **reserved(f"person{number}"))
                for number, (place, url) in enumerate(zip(PLACES, urls, strict=False), 1)
            )
        ),
        canvas={"BackGroundColor": f"{GREY:#x}"},
    )
    still: Points = dict(zip(map(middle, PLACES), (RED, GREEN, BLUE), strict=False))

    # Each of those that move shows both of its colours, and the first again: they play in a loop.
    for moving in (middle(PLACES[3]), middle(PLACES[4])):
        for colour in (YELLOW, WHITE, YELLOW):
            until_shown(viewer, {**still, moving: colour})
    until_shown(viewer, {middle(place): GREY for place in PLACES[5:7]})

    one, two = stage.enter(guest(1)), stage.enter(guest(4))
    viewer.until(lambda shot: [who_is_at(shot.picture, *PLACES[n]) for n in (0, 3)] == [1, 4], "person 1 and person 4")
    until_shown(viewer, {middle(PLACES[1]): GREEN})
    one.leave()
    two.leave()
    until_shown(viewer, {**still, middle(PLACES[3]): YELLOW})


def test_a_user_without_a_picture_has_his_placeholder(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    stage.enter(guest(1, video=False))
    url = web.serve("/a.png", saved(plain(RED)))

    viewer = stage.mix(scene(window(PLACES[0], BackgroundImageUrl=url, **reserved("person1"))))

    until_shown(viewer, {middle(PLACES[0]): RED})
    viewer.until_heard({0: 0.05, 1: 0.05})


def test_each_mode_of_a_placeholder(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    url = web.serve("/framed.png", saved(framed()))
    size = {"Width": 120, "Height": 80, "Radius": 40}
    blue = {"BackGroundColor": f"{BLUE:#x}"}
    modes: list[dict[str, object]] = [
        {"BackgroundRenderMode": 0},
        {"BackgroundRenderMode": 1},
        {"BackgroundRenderMode": 2, "BackGroundColorMode": 1, **blue},
        {},
        {"BackgroundRenderMode": 4, "BackgroundCustomRender": size},
        {"BackgroundRenderMode": 1, "BackGroundColorMode": 1, **blue},
    ]
    viewer = stage.mix(
        scene(*(window(place, BackgroundImageUrl=url, **mode) for place, mode in zip(WIDE, modes, strict=True))),
        canvas={"BackGroundColor": f"{GREY:#x}"},
    )

    crop, inside, on_black, stretch, rounded, on_colour = (place[:2] for place in WIDE)
    until_shown(
        viewer,
        {
            # 200 wide, its middle 100 rows: the border is left and right only.
            at(crop, 10, 50): WHITE,
            at(crop, 100, 6): RED,
            # 100 x 100 in the middle
            at(inside, 25, 50): GREY,
            at(inside, 175, 50): GREY,
            at(inside, 55, 50): WHITE,
            at(inside, 100, 50): RED,
            at(on_black, 25, 50): BLACK,
            at(on_black, 55, 50): WHITE,
            at(stretch, 10, 50): WHITE,
            at(stretch, 100, 5): WHITE,
            at(stretch, 100, 50): RED,
            # 120 x 80 in the middle, its sides half circles
            at(rounded, 30, 50): GREY,
            at(rounded, 45, 15): GREY,
            at(rounded, 46, 50): WHITE,
            at(rounded, 100, 50): RED,
            at(on_colour, 25, 50): BLUE,
            at(on_colour, 55, 50): WHITE,
        },
    )


def at(corner: tuple[int, int], x: int, y: int) -> tuple[int, int]:
    """Return a point of the canvas, counted from a window's corner."""
    return corner[0] + x, corner[1] + y


def test_what_is_transparent_in_a_placeholder_shows_the_canvas(stage: Stage, web: HostedWeb) -> None:
    stage.enter(HOST)
    image = Image.new("RGBA", SIZE)
    image.paste((*rgb(RED), 255), (0, 0, SIZE[0] // 2, SIZE[1]))
    url = web.serve("/half.png", saved(image))

    viewer = stage.mix(scene(window(PLACES[0], BackgroundImageUrl=url)), canvas={"BackGroundColor": f"{GREY:#x}"})

    until_shown(viewer, {(40, 45): RED, (120, 45): GREY})
