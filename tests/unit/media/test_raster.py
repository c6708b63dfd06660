"""Where a picture stands in its rectangle, in which colour, and what is transparent."""

import numpy as np
import pytest
from PIL import Image

from tailrace.errors import ImageError
from tailrace.media.canvas import Canvas, Patch, colour_of, planes_of
from tailrace.media.picture import TEMPLATE, open_picture
from tailrace.media.raster import even_size, mask_of, patch_of, render
from tailrace.model.mix import Fit, Rounded
from tests.unit.media.images import BLACK, BLUE, GREEN, RED, WHITE, Colour, halves, plain, saved

TRANSPARENT = None


def rgb(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def seen(patch: Patch, x: int, y: int) -> tuple[int, int, int] | None:
    """Return Y, U, V at a place, None where it is transparent."""
    if patch.alpha is not None and patch.alpha.plane[y, x] < 128:
        return TRANSPARENT
    return int(patch.y[y, x]), int(patch.u[y // 2, x // 2]), int(patch.v[y // 2, x // 2])


def shows(patch: Patch, places: dict[tuple[int, int], Colour | None]) -> bool:
    """Whether each place has its colour, up to rounding."""
    return all(
        seen(patch, x, y) is None
        if colour is None
        else seen(patch, x, y) == pytest.approx(colour_of(rgb(colour)), abs=1)
        for (x, y), colour in places.items()
    )


@pytest.mark.parametrize(
    "colour", [RED, GREEN, BLUE, WHITE, BLACK, (0xCC, 0, 0x33), (0x99, 0xCC, 0xFF), (1, 2, 3), (127, 128, 129)]
)
def test_a_colour_becomes_the_same_as_on_the_canvas(colour: Colour) -> None:
    patch = patch_of(plain((*colour, 255), 4, 4))

    assert patch.alpha is None
    assert seen(patch, 1, 1) == pytest.approx(colour_of(rgb(colour)), abs=1)
    assert (patch.y.shape, patch.u.shape, patch.v.shape) == ((4, 4), (2, 2), (2, 2))


def test_stretch_fills_all_of_it() -> None:
    patch = render(halves(RED, BLUE), 100, 400, Fit.STRETCH)

    assert patch.alpha is None
    assert shows(patch, {(0, 0): RED, (45, 399): RED, (55, 0): BLUE, (99, 399): BLUE})


def test_crop_fills_all_of_it_and_cuts_both_sides_alike() -> None:
    image = plain(GREEN, 300, 100).convert("RGBA")
    image.paste((*RED, 255), (0, 0, 100, 100))
    image.paste((*BLUE, 255), (200, 0, 300, 100))

    middle = render(image, 200, 200, Fit.CROP)
    wider = render(image, 400, 200, Fit.CROP)

    assert middle.alpha is None
    assert shows(middle, {(4, 0): GREEN, (195, 199): GREEN})
    assert shows(wider, {(0, 0): RED, (90, 199): RED, (110, 0): GREEN, (290, 0): GREEN, (310, 0): BLUE, (399, 0): BLUE})


def test_crop_of_a_high_picture_cuts_above_and_below() -> None:
    image = halves(RED, BLUE, 300, 100).transpose(Image.Transpose.ROTATE_270)

    patch = render(image, 100, 100, Fit.CROP)

    assert shows(patch, {(0, 0): RED, (99, 40): RED, (0, 60): BLUE, (99, 99): BLUE})


def test_inside_leaves_what_is_beside_it_transparent() -> None:
    patch = render(halves(RED, BLUE, 200, 100), 200, 200, Fit.INSIDE)

    assert shows(
        patch, {(0, 49): None, (199, 150): None, (0, 50): RED, (199, 149): BLUE, (90, 100): RED, (110, 100): BLUE}
    )


def test_inside_of_a_wide_rectangle_stands_in_the_middle() -> None:
    patch = render(halves(RED, BLUE, 100, 100), 400, 200, Fit.INSIDE)

    assert shows(
        patch, {(98, 0): None, (301, 199): None, (102, 0): RED, (190, 100): RED, (210, 100): BLUE, (297, 199): BLUE}
    )


def test_inside_with_a_colour_has_it_beside_and_behind() -> None:
    half = halves(RED, (*BLUE, 0), 200, 100)

    patch = render(half, 200, 200, Fit.INSIDE, colour_beside=rgb(GREEN))

    assert patch.alpha is None
    assert shows(patch, {(0, 0): GREEN, (199, 199): GREEN, (50, 100): RED, (150, 100): GREEN})


def test_inside_on_black_is_on_black_whatever_the_colour() -> None:
    for colour in (None, rgb(GREEN)):
        patch = render(halves(RED, (*BLUE, 0), 200, 100), 200, 200, Fit.INSIDE_ON_BLACK, colour)

        assert patch.alpha is None
        assert shows(patch, {(0, 0): BLACK, (199, 199): BLACK, (50, 100): RED, (150, 100): BLACK})


@pytest.mark.parametrize("fit", [Fit.CROP, Fit.STRETCH])
def test_a_colour_beside_has_no_effect_where_nothing_is_beside(fit: Fit) -> None:
    patch = render(halves(RED, (*BLUE, 0)), 200, 200, fit, colour_beside=rgb(GREEN))

    assert shows(patch, {(50, 100): RED, (150, 100): None})


def test_half_transparency_is_kept() -> None:
    patch = render(plain((*RED, 100)), 32, 32)

    assert patch.alpha is not None
    assert set(np.unique(patch.alpha.plane)) == {100}


def test_a_transparent_colour_does_not_bleed() -> None:
    # Of each 2 x 2 pixels three are blue and transparent: the pair of U and V must be red's.
    image = Image.new("RGBA", (8, 8), (*BLUE, 0))
    for x in range(0, 8, 2):
        for y in range(0, 8, 2):
            image.putpixel((x, y), (*RED, 255))

    patch = patch_of(image)

    _, u, v = colour_of(rgb(RED))
    assert np.abs(patch.u.astype(int) - u).max() <= 1
    assert np.abs(patch.v.astype(int) - v).max() <= 1


def test_scaling_an_edge_does_not_bleed() -> None:
    patch = render(halves(RED, (*BLUE, 0), 300, 300), 64, 64)
    assert patch.alpha is not None

    visible = patch.alpha.plane[::2, ::2] > 0
    _, u, _ = colour_of(rgb(RED))
    assert np.abs(patch.u[visible].astype(int) - u).max() <= 2


def test_chroma_is_the_mean_of_four_pixels() -> None:
    image = plain(RED, 2, 2).convert("RGBA")
    image.putpixel((0, 0), (*BLUE, 255))

    patch = patch_of(image)

    red, blue = colour_of(rgb(RED)), colour_of(rgb(BLUE))
    assert int(patch.u[0, 0]) == pytest.approx((3 * red[1] + blue[1]) / 4, abs=1)
    assert int(patch.v[0, 0]) == pytest.approx((3 * red[2] + blue[2]) / 4, abs=1)
    assert patch.y.tolist() == [[blue[0], red[0]], [red[0], red[0]]]


def test_a_rounded_picture_has_its_size_in_the_middle_and_round_corners() -> None:
    patch = render(plain((*RED, 255)), 200, 100, Fit.STRETCH, rounded=Rounded(100, 60, 20))
    assert patch.alpha is not None

    assert (patch.width, patch.height) == (200, 100)
    assert shows(patch, {(49, 50): None, (150, 50): None, (100, 19): None, (100, 80): None})
    assert shows(patch, {(51, 50): RED, (148, 50): RED, (100, 21): RED, (100, 78): RED})
    # A corner's own pixel is free; a quarter circle of radius 20 passes 0.29 of it from the corner on the diagonal.
    for x, y in ((50, 20), (149, 20), (50, 79), (149, 79)):
        assert patch.alpha.plane[y, x] == 0
        inward_x, inward_y = (1 if x < 100 else -1), (1 if y < 50 else -1)
        assert patch.alpha.plane[y + 4 * inward_y, x + 4 * inward_x] == 0
        assert patch.alpha.plane[y + 8 * inward_y, x + 8 * inward_x] == 255
    assert np.array_equal(patch.alpha.plane, patch.alpha.plane[::-1, ::-1])


def test_round_corners_are_smooth() -> None:
    patch = render(plain((*RED, 255)), 200, 200, rounded=Rounded(200, 200, 100))
    assert patch.alpha is not None

    assert ((patch.alpha.plane > 0) & (patch.alpha.plane < 255)).sum() > 200
    assert patch.alpha.plane.sum() / 255 == pytest.approx(np.pi * 100**2, rel=0.005)


def test_without_a_radius_the_corners_are_square() -> None:
    patch = render(plain((*RED, 255)), 200, 100, rounded=Rounded(100, 60))

    assert shows(patch, {(50, 20): RED, (149, 79): RED, (49, 20): None, (150, 79): None})


def test_the_fit_of_a_rounded_picture_is_inside_of_its_shape() -> None:
    patch = render(plain((*RED, 255), 100, 100), 200, 100, Fit.INSIDE, rgb(GREEN), Rounded(100, 50, 0))

    assert shows(patch, {(60, 50): GREEN, (100, 50): RED, (40, 50): None})


def test_a_rounded_size_beyond_the_window_is_cut_to_it() -> None:
    patch = render(plain((*RED, 255)), 40, 20, rounded=Rounded(1000, 1000, 500))

    assert shows(patch, {(20, 0): RED, (0, 0): None, (39, 19): None, (2, 10): RED})


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (101, 33), (2, 1000)])
@pytest.mark.parametrize("source", [(1, 1), (1, 500), (500, 1), (33, 77)])
def test_every_size_is_made_even(fit: Fit, size: tuple[int, int], source: tuple[int, int]) -> None:
    patch = render(plain((*RED, 200), *source), *size, fit)

    assert (patch.width, patch.height) == (max(2, size[0] & ~1), max(2, size[1] & ~1))
    assert patch.u.shape == patch.v.shape == (patch.height // 2, patch.width // 2)
    assert patch.alpha is None or patch.alpha.plane.shape == patch.y.shape


def test_a_patch_larger_than_2k_is_refused() -> None:
    assert even_size(2560, 1440) == (2560, 1440)
    with pytest.raises(ImageError, match="larger than 2K"):
        render(plain((*RED, 255)), 100_000, 100_000)


def test_a_patch_laid_onto_a_canvas_shows_what_lies_below() -> None:
    canvas = Canvas(200, 200).fill(colour_of(rgb(WHITE)), 0, 0, 200, 200)

    canvas.lay(render(halves(RED, (*BLUE, 0), 100, 50), 100, 100, Fit.INSIDE), 50, 50)

    y, u, v = planes_of(canvas.frame)
    found = {
        (x, line): (int(y[line, x]), int(u[line // 2, x // 2]), int(v[line // 2, x // 2]))
        for x, line in ((70, 100), (130, 100), (70, 60))
    }
    assert found[70, 100] == pytest.approx(colour_of(rgb(RED)), abs=1)
    assert found[130, 100] == found[70, 60] == colour_of(rgb(WHITE))


def test_a_template_masks_with_its_alpha() -> None:
    picture = open_picture(saved(halves((*RED, 0), (*BLUE, 255), 100, 50), "PNG"), TEMPLATE)

    mask = mask_of(picture, 200, 101).plane

    assert mask.shape == (100, 200)
    assert mask[50, 80] == 0
    assert mask[50, 120] == 255
