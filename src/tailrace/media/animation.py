"""Animation: the rendered frames of a picture at one size, made in advance, so that the mixer only looks them up."""

from dataclasses import dataclass
from typing import Final

from tailrace.media.canvas import Patch
from tailrace.media.picture import Picture
from tailrace.media.raster import even_size, render
from tailrace.model.mix import Fit, Rounded

# Six seconds of 360p at 30 frames/s; sixteen windows of a scene stay below 1 GB, whatever is played in them.
BUDGET_BYTES: Final = 64 * 1024 * 1024
# Bytes for each pixel of a patch: Y, a quarter of U and V each, alpha.
_BYTES_PER_PIXEL: Final = 2.5


@dataclass(frozen=True, slots=True)
class Animation:
    """Patches of one size in a loop; a still picture has one. Any thread may ask."""

    picture: Picture
    patches: tuple[Patch, ...]
    every: int
    """A patch stands for so many frames of the picture."""

    @property
    def still(self) -> bool:
        """Whether it never changes."""
        return len(self.patches) == 1

    def at(self, elapsed_us: int) -> Patch:
        """Return what is due this long after the begin: the same object as long as it is the same frame."""
        return self.patches[0 if self.still else self.picture.at(elapsed_us) // self.every]


def animate(
    picture: Picture,
    width: int,
    height: int,
    fit: Fit = Fit.STRETCH,
    colour_beside: int | None = None,
    rounded: Rounded | None = None,
    *,
    budget_bytes: int = BUDGET_BYTES,
) -> Animation:
    """Render all frames for a rectangle; see `raster.render`. It blocks, for seconds at the limits of `picture`.

    When they would be more than `budget_bytes`, only every second, third, ... frame is kept, and shown for longer.
    Raises ImageError.
    """
    across, down = even_size(width, height)
    most = max(1, int(budget_bytes / (across * down * _BYTES_PER_PIXEL)))
    every = -(-len(picture.ends_us) // most)
    patches = [
        render(image, width, height, fit, colour_beside, rounded)
        for number, image in enumerate(picture.frames())
        if number % every == 0
    ]
    return Animation(picture, tuple(patches), every)
