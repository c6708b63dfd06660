"""Mix, its pictures: what images and texts cost in a 720p30 output: `python -m bench.mix_pictures`.

Each is laid onto the canvas alone, as fast as it goes, and once more with all pixels mixed by their alpha, which is the
price if nothing is known of that. Figures are CPU milliseconds per second of output: a tenth of them is % of a core.
Below stands how long each takes to be made, once, off the mixer's thread.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

from tailrace.media.animation import animate
from tailrace.media.canvas import Alpha, Canvas, Patch, planes_of
from tailrace.media.picture import CANVAS, TEMPLATE, open_picture
from tailrace.media.raster import mask_of, patch_of
from tailrace.media.text import text_patch
from tailrace.model.mix import Motion, TextMark
from tailrace.model.motion import position

WIDTH, HEIGHT, FPS = 1280, 720, 30
_SECONDS = 4
_REPEATS = 5
TEXT = TextMark("Tailrace 直播 2026-01-01 12:00:00", 40, 40, 420, 48, 32)


def spent(work: Callable[[int], object], times: int) -> float:
    """Return CPU seconds of one call; the least of a few runs, as the others were disturbed."""
    least = float("inf")
    for _ in range(_REPEATS):
        began = time.process_time()
        for number in range(times):
            work(number)
        least = min(least, time.process_time() - began)
    return least / times


def layers() -> Iterator[tuple[str, Patch, Callable[[int], tuple[int, int]]]]:
    """Return what is laid, and where it stands in each frame."""
    moving = replace(TEXT, motion=Motion.BOUNCING)
    text, window = text_patch(TEXT), film(640, 360)
    yield "opaque 640x360 window, for comparison", window, lambda _: (320, 180)
    yield "text 420x48", text, lambda _: (TEXT.x, TEXT.y)
    yield "text 420x48, moving each frame", text, lambda number: position(moving, WIDTH, HEIGHT, number, FPS)
    round_one = replace(window, alpha=mask_of(open_picture(png(disc()), TEMPLATE), 640, 360))
    yield "round TransparentUrl over a 640x360 window", round_one, lambda _: (320, 180)
    yield "the same, cut at the canvas's border", round_one, lambda _: (-20, 180)
    yield "720p overlay with a banner", patch_of(overlay(255)), lambda _: (0, 0)
    yield "720p overlay, half transparent everywhere", patch_of(overlay(0)), lambda _: (0, 0)


def film(width: int, height: int) -> Patch:
    """Return something that is not plain."""
    rng = np.random.default_rng(1)
    return Patch(*(rng.integers(0, 256, (height >> half, width >> half), np.uint8) for half in (0, 1, 1)))  # type: ignore[arg-type]


def disc() -> Image.Image:
    """Return a template with a round hole."""
    image = Image.new("RGBA", (1280, 720))
    ImageDraw.Draw(image).ellipse((0, 0, 1279, 719), fill=(255, 255, 255, 255))
    return image


def overlay(banner: int) -> Image.Image:
    """Return an opaque banner on nothing; with 0 a veil instead."""
    if not banner:
        return Image.new("RGBA", (WIDTH, HEIGHT), (20, 40, 60, 128))
    image = Image.new("RGBA", (WIDTH, HEIGHT))
    ImageDraw.Draw(image).rounded_rectangle((40, 600, 1240, 690), 30, fill=(20, 40, 60, 255))
    return image


def png(image: Image.Image) -> bytes:
    """Return the file."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def plainly(canvas: Canvas, patch: Patch, alpha: Alpha, x: int, y: int) -> None:
    """Mix every pixel with its alpha."""
    for plane, pixels, half in zip(planes_of(canvas.frame), (patch.y, patch.u, patch.v), (0, 1, 1), strict=True):
        top, left = max(0, y) >> half, max(0, x) >> half
        target = plane[top : (y + patch.height) >> half, left : (x + patch.width) >> half]
        rows, columns = (slice(length - seen, length) for length, seen in zip(pixels.shape, target.shape, strict=True))
        weight = alpha.plane[:: 1 << half, :: 1 << half][rows, columns].astype(np.uint16)
        mixed = pixels[rows, columns] * weight + target * (255 - weight) + 128
        np.copyto(target, (mixed + (mixed >> 8)) >> 8, casting="unsafe")


def makings() -> Iterator[tuple[str, Callable[[], object]]]:
    """Return what is made once."""
    photo = Image.effect_mandelbrot((WIDTH, HEIGHT), (-2, -1.2, 1, 1.2), 60).convert("RGB")
    file = png(photo)
    yield "720p PNG as the canvas image", lambda: animate(open_picture(file, CANVAS), WIDTH, HEIGHT)
    yield "text 420x48", lambda: text_patch(TEXT)
    template = png(disc())
    yield "template for a 640x360 window", lambda: mask_of(open_picture(template, TEMPLATE), 640, 360)


def main() -> None:
    """Measure, and print two tables."""
    table = Table("layer", "CPU ms per second", "every pixel mixed", title="Layers in a 720p30 output")
    canvas = Canvas(WIDTH, HEIGHT)
    for name, patch, where in layers():
        laid = spent(lambda number, p=patch, w=where: canvas.lay(p, *w(number)), _SECONDS * FPS)  # type: ignore[misc]
        mixed = ""
        if (alpha := patch.alpha) is not None:
            plain = spent(lambda number, p=patch, a=alpha, w=where: plainly(canvas, p, a, *w(number)), FPS)  # type: ignore[misc]
            mixed = f"{plain * FPS * 1000:.1f}"
        table.add_row(name, f"{laid * FPS * 1000:.1f}", mixed)
        print(f"{name}: {laid * FPS * 1000:.1f} {mixed}", file=sys.stderr)
    making = Table("image", "CPU ms, once", title="Made off the mixer's thread")
    for name, make in makings():
        making.add_row(name, f"{spent(lambda _, m=make: m(), 5) * 1000:.1f}")  # type: ignore[misc]
    console = Console(width=120)
    console.print(table)
    console.print(making)


if __name__ == "__main__":
    main()
