"""How a picture fills its window: RenderMode, CustomCrop, and what shows beside it."""

import pytest

from tests.harness.stage import Stage
from tests.harness.viewer import Place
from tests.integration.mix.places import (
    BLACK,
    CANVAS,
    GREY,
    WHITE,
    beside,
    custom,
    guest,
    reserved,
    whole,
    window,
)
from tests.media import code
from tests.media.windows import said_in, shows_colour

# Films are 16 : 9; in a window of 160 x 180 there are 44 rows above and below, the picture has 90, in between.
ROWS_BESIDE = 44


def above(place: Place) -> Place:
    """Return what lies beside a fitted picture, without its edges."""
    x, y, width, _ = place
    return x + 4, y + 4, width - 8, ROWS_BESIDE - 8


def fitted(place: Place) -> Place:
    """Return where a fitted picture is."""
    x, y, width, _ = place
    return x, y + ROWS_BESIDE, width, 90


def test_each_window_of_a_custom_layout_is_filled_as_its_mode_says(stage: Stage) -> None:
    crop, inside, on_black, on_colour, no_bit, part = ((160 * n % 640, 180 * (n // 4), 160, 180) for n in range(6))
    for n in range(6):
        stage.enter(guest(n))
    white = {"BackGroundColor": f"{WHITE:#x}"}
    viewer = stage.mix(
        custom(
            window(crop, RenderMode=0, **reserved("person0")),
            window(inside, RenderMode=1, **reserved("person1")),
            window(on_black, RenderMode=2, **reserved("person2")),
            window(on_colour, RenderMode=1, BackGroundColorMode=2, **white, **reserved("person3")),
            window(no_bit, RenderMode=1, BackGroundColorMode=1, **white, **reserved("person4")),
            # 160 x 180 of 320 x 180: the left half
            window(
                part,
                CustomCrop={"LocationX": 0, "LocationY": 0, "Width": 160, "Height": 180},
                **reserved("person5"),
            ),
        ),
        canvas=CANVAS,
    )

    picture = viewer.until_there(
        {0: crop, 1: fitted(inside), 2: fitted(on_black), 3: fitted(on_colour), 4: fitted(no_bit), 5: part}
    ).picture

    for place, colour in ((inside, GREY), (on_black, BLACK), (on_colour, WHITE), (no_bit, GREY)):
        assert shows_colour(picture, colour, *above(place)), place
    assert said_in(picture, fitted(inside)).number is not None
    # A cropped picture shows its middle: colour is left and right of the code in a whole one only.
    assert not shows_colour(picture, guest(0).colour, crop[0] + 2, 24, 12, 60)
    assert shows_colour(picture, guest(5).colour, part[0] + 4, 184, 24, 172)
    assert not shows_colour(picture, guest(5).colour, part[0] + 132, 184, 24, 172)


def test_the_upper_part_of_a_source_alone_is_shown_in_its_window(stage: Stage) -> None:
    stage.enter(guest(0))
    crop = {"LocationX": 0, "LocationY": 0, "Width": 320, "Height": 108}
    viewer = stage.mix(custom(window((0, 0, 640, 216), CustomCrop=crop)))

    picture = viewer.until_there({0: (0, 0, 640, 216)}).picture

    assert said_in(picture, (0, 0, 640, 216), code.Place(0, 0, 1, 0.6)).number is not None
    assert said_in(picture, (0, 0, 640, 216)).number is None


@pytest.mark.parametrize(
    ("mode", "place", "colour"),
    [(0, whole(480, 360), None), (1, (0, 44, 480, 270), GREY), (2, (0, 44, 480, 270), BLACK)],
)
def test_render_mode_of_a_dynamic_layout_is_for_every_window(
    stage: Stage, mode: int, place: Place, colour: int | None
) -> None:
    stage.enter(guest(0))
    viewer = stage.mix({"MixLayoutMode": 3, "RenderMode": mode}, encode={"Width": 480}, canvas=CANVAS)

    picture = viewer.until_there({0: place}).picture

    if colour is not None:
        assert shows_colour(picture, colour, 4, 4, 472, 36)


def test_render_mode_counts_for_the_big_window_of_screen_sharing_too(stage: Stage) -> None:
    for n in range(2):
        stage.enter(guest(n))
    layout = {"MixLayoutMode": 2, "MaxVideoUser": reserved("person0"), "RenderMode": 0}

    stage.mix(layout, canvas=CANVAS).until_there({0: (0, 0, 512, 360), 1: beside(5, 4, 0)})
