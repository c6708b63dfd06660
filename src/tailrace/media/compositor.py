"""Compositor: draws what a mix shows at one moment onto a canvas."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Protocol
from weakref import WeakKeyDictionary

from av.video.frame import VideoFrame

from tailrace.media.canvas import Alpha, Canvas, Patch, colour_of
from tailrace.media.in_order import MOST
from tailrace.media.scaler import Scaled, Scaler, Shape
from tailrace.media.video_source import VideoSource
from tailrace.media.voice import Voice
from tailrace.model.layout import Window
from tailrace.model.mix import BLACK, NO_SEI, ImageMark, Sei, TextMark, VideoEncoding
from tailrace.model.motion import position

_BLACK = colour_of(BLACK)


class Moving(Protocol):
    """A picture that may move, made for its place."""

    def at(self, elapsed_us: int, /) -> Patch:
        """Return how it looks at an output time."""
        ...


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that does not move."""

    patch: Patch

    def at(self, _elapsed_us: int) -> Patch:
        """Return it."""
        return self.patch


@dataclass(frozen=True, slots=True)
class Shown:
    """One window. `source` None: its member sends no picture, or there is none; then `placeholder` is shown.

    `voice` is its member's. `mask` has the window's shape.
    """

    window: Window
    source: VideoSource | None = None
    voice: Voice | None = None
    placeholder: Moving | None = None
    mask: Alpha | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """One watermark."""

    mark: ImageMark | TextMark
    picture: Moving


@dataclass(frozen=True, slots=True)
class Showing:
    """All that one output frame is made of, until it is replaced as a whole.

    `layers` stand from bottom to top. `levels` are the voices that are heard, 0 to 100. `seed` is the task's own.
    `for_rooms`: the sound is wanted as Opus too.
    """

    revision: int
    encoding: VideoEncoding | None = None
    colour: int = BLACK
    backdrop: Moving | None = None
    layers: tuple[Shown | Marked, ...] = ()
    levels: Mapping[Voice, int] = field(default_factory=dict)
    sei: Sei = NO_SEI
    seed: int = 0
    for_rooms: bool = False


def shape_of(window: Window) -> Shape:
    """Return what `window` makes of a picture."""
    return Shape(window.width, window.height, window.fit, window.crop)


class Compositor:
    """Draws on a few canvases in turns; use it from one thread."""

    def __init__(self, width: int, height: int) -> None:
        self._canvases = cycle([Canvas(width, height) for _ in range(1 + MOST)])
        self._canvas = next(self._canvases)
        # Weak: who has left is not kept with his last picture for as long as the output runs.
        self._rescaled: WeakKeyDictionary[VideoSource, tuple[VideoFrame, Scaled]] = WeakKeyDictionary()

    def draw(self, showing: Showing, at_us: int, frame: int, fps: int) -> VideoFrame:
        """Return the picture of the output frame with the number `frame` and the time `at_us`.

        The frames of the last MOST calls are still as they were; those before are drawn over.
        """
        canvas = self._canvas = next(self._canvases)
        backdrop = showing.backdrop.at(at_us) if showing.backdrop else None
        if backdrop is None or backdrop.alpha is not None:
            canvas.fill(colour_of(showing.colour), 0, 0, canvas.width, canvas.height)
        if backdrop is not None:
            canvas.lay(backdrop, 0, 0)
        for layer in showing.layers:
            if isinstance(layer, Marked):
                x, y = position(layer.mark, canvas.width, canvas.height, frame, fps, showing.seed)
                canvas.lay(layer.picture.at(at_us), x, y)
            else:
                self._draw_window(layer, at_us, 1_000_000 / fps)
        return canvas.frame

    def _draw_window(self, shown: Shown, at_us: int, period_us: float) -> None:
        window = shown.window
        found = shown.source.look(at_us, period_us) if shown.source else None
        if shown.source is None or found is None:
            if shown.placeholder is not None:
                self._canvas.lay(shown.placeholder.at(at_us), window.x, window.y)
            return
        frame, scaled = found
        if scaled.shape != shape_of(window):
            scaled = self._rescale(shown.source, frame, shape_of(window))
        target = scaled.placement.target
        if scaled.placement.black:
            self._fill(window, _BLACK)
        elif window.colour_beside is not None and (target.width, target.height) != (window.width, window.height):
            self._fill(window, colour_of(window.colour_beside))
        patch = scaled.patch if shown.mask is None else replace(scaled.patch, alpha=shown.mask)
        self._canvas.lay(patch, window.x + target.x, window.y + target.y)

    def _fill(self, window: Window, colour: tuple[int, int, int]) -> None:
        self._canvas.fill(colour, window.x, window.y, window.width, window.height)

    def _rescale(self, source: VideoSource, frame: VideoFrame, shape: Shape) -> Scaled:
        """Scale a picture that was made for an earlier layout; its source makes the next ones for this one."""
        known = self._rescaled.get(source)
        if known is not None and known[0] is frame and known[1].shape == shape:
            return known[1]
        scaled = Scaler().scale(frame, shape)
        self._rescaled[source] = (frame, scaled)
        return scaled
