"""Portrait: the picture and the sound of one guest, for ever."""

from collections.abc import Callable, Iterator
from math import cos, pi, sin
from typing import Final

import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from tailrace.media.canvas import Canvas
from tailrace.media.flv_sink import SAMPLE_RATE, SMALL
from tailrace.media.guest import CANVAS, LEVEL, ROUND_MS, Guest
from tailrace.media.raster import patch_of
from tailrace.media.text import FONT
from tailrace.model.templates import even

SIZE: Final = SMALL.size
# A tenth of a second; all tones are whole numbers of waves in it, so that it can be repeated.
_SAMPLES: Final = SAMPLE_RATE // 10

# All that matters stands in the middle third, which is left when a window is narrower than the picture.
# Nothing of it stands so low that the small windows of the floating layout would hide it.
_MIDDLE: Final = (SIZE[0] // 2, 182)
_DISC: Final = 80
_ORBIT: Final = 98
_DOT: Final = 12
_PLATE: Final = (SIZE[0] // 2, 44)
# The pattern is this much darker than the colour: to be seen, and still the same colour to the one who looks for it.
_SHADE: Final = 0.94
_STEP: Final = 40
# Drawn so many times larger: then edges are smooth.
_SMOOTH: Final = 3
_WHITE: Final = (255, 255, 255)

# Whether a pixel (x, y) is of the pattern.
_PATTERNS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda x, y: (x + y) // _STEP % 2 == 0,
    lambda x, y: (x - y) // _STEP % 2 == 0,
    lambda x, y: (x // _STEP + y // _STEP) % 2 == 0,
    lambda x, y: (x % _STEP - _STEP // 2) ** 2 + (y % _STEP - _STEP // 2) ** 2 < (_STEP // 4) ** 2,
)


def pictures(guest: Guest) -> Iterator[VideoFrame]:
    """Yield the guest's pictures: number, name and tone on the guest's colour, and a dot that circles."""
    still, dot = patch_of(_still(guest).convert("RGBA")), patch_of(_dot())
    turn = ROUND_MS * SMALL.rate // 1000
    number = 0
    while True:
        angle = 2 * pi * (number % turn) / turn - pi / 2
        x, y = (
            even(round(_MIDDLE[0] - _DOT + _ORBIT * cos(angle))),
            even(round(_MIDDLE[1] - _DOT + _ORBIT * sin(angle))),
        )
        yield Canvas(*SIZE).lay(still, 0, 0).lay(dot, x, y).frame
        number += 1


def tone(guest: Guest) -> Iterator[AudioFrame]:
    """Yield the guest's tone."""
    wave = LEVEL * np.sin(2 * pi * guest.tone_hz / SAMPLE_RATE * np.arange(_SAMPLES))
    both = np.tile(wave.astype(np.float32), (2, 1))
    while True:
        frame = AudioFrame.from_ndarray(both, "fltp", "stereo")
        frame.sample_rate = SAMPLE_RATE
        yield frame


def _still(guest: Guest) -> Image.Image:
    """Draw all that does not move."""
    colour = _rgb(guest.colour)
    image = Image.new("RGB", SIZE, colour)
    image.paste(tuple(round(part * _SHADE) for part in colour), None, _pattern(guest))
    ink = Image.new("L", (SIZE[0] * _SMOOTH, SIZE[1] * _SMOOTH))
    draw = ImageDraw.Draw(ink)
    words = f"{guest.name}  {guest.tone_hz} Hz"
    half = _font(34).getlength(words) / 2 + 22
    x, y = _PLATE
    _disc(draw, _MIDDLE, _DISC)
    draw.rounded_rectangle(_larger(x - half, y - 26, x + half, y + 26), 26 * _SMOOTH, fill=255)
    image.paste(_rgb(CANVAS), None, ink.resize(SIZE, Image.Resampling.BOX))
    draw = ImageDraw.Draw(image)
    draw.text(_MIDDLE, str(guest.number), fill=_WHITE, font=_font(92), anchor="mm")
    draw.text(_PLATE, words, fill=_WHITE, font=_font(34), anchor="mm")
    return image


def _dot() -> Image.Image:
    ink = Image.new("L", (2 * _DOT * _SMOOTH, 2 * _DOT * _SMOOTH))
    _disc(ImageDraw.Draw(ink), (_DOT, _DOT), _DOT - 1)
    image = Image.new("RGBA", (2 * _DOT, 2 * _DOT), _WHITE)
    image.putalpha(ink.resize(image.size, Image.Resampling.BOX))
    return image


def _pattern(guest: Guest) -> Image.Image:
    width, height = SIZE
    inside = _PATTERNS[guest.number % len(_PATTERNS)]
    mask = Image.new("1", SIZE)
    mask.putdata([inside(x, y) for y in range(height) for x in range(width)])
    return mask


def _disc(draw: ImageDraw.ImageDraw, at: tuple[float, float], radius: int) -> None:
    x, y = at
    draw.ellipse(_larger(x - radius, y - radius, x + radius, y + radius), fill=255)


def _larger(*edges: float) -> tuple[float, ...]:
    return tuple(edge * _SMOOTH for edge in edges)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255
