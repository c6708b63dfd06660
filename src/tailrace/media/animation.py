"""Animation: the rendered frames of a picture at one size, made in advance, so that the mixer only looks them up."""

import bisect
from dataclasses import dataclass
from typing import Final

from tailrace.media.canvas import Patch
from tailrace.media.picture import Picture
from tailrace.media.raster import render
from tailrace.model.mix import Fit, Rounded

# Six seconds of 360p at 30 frames/s.
BUDGET_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Animation:
    """Patches of one size in a loop; a still picture has one. Any thread may ask.

    `ends_us` has for each patch when it ends, counted from the begin of the loop.
    """

    patches: tuple[Patch, ...]
    ends_us: tuple[int, ...]

    @property
    def still(self) -> bool:
        """Whether it never changes."""
        return len(self.patches) == 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(patch.nbytes for patch in self.patches)

    def within(self, budget_bytes: int) -> "Animation":
        """Return it with every second, fourth, ... frame only, shown for longer, if it takes more memory than this."""
        if self.still or self.nbytes <= budget_bytes:
            return self
        return Animation(self.patches[::2], (*self.ends_us[1:-1:2], self.ends_us[-1])).within(budget_bytes)

    def at(self, elapsed_us: int) -> Patch:
        """Return what is due this long after the begin: the same object as long as it is the same frame."""
        return self.patches[bisect.bisect_right(self.ends_us, elapsed_us % self.ends_us[-1])]


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

    When they are more than `budget_bytes`, only every second, fourth, ... frame is kept, and shown for longer. Raises
    ImageError.
    """
    patches: list[Patch] = []
    every, used = 1, 0
    for number, image in enumerate(picture.frames()):
        if number % every:
            continue
        patches.append(render(image, width, height, fit, colour_beside, rounded))
        used += patches[-1].nbytes
        while used > budget_bytes and len(patches) > 1:
            del patches[1::2]
            every *= 2
            used = sum(patch.nbytes for patch in patches)
    ends_us = (*picture.ends_us[every - 1 : -1 : every], picture.ends_us[-1])
    return Animation(tuple(patches), ends_us)
