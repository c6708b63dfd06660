"""Gallery: the images and texts of a mix, each made for its place; one that cannot be had becomes a note, no more."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tailrace.errors import ImageError
from tailrace.media.animation import animate
from tailrace.media.canvas import Alpha
from tailrace.media.compositor import Moving, Still
from tailrace.media.picture import CANVAS, PLACEHOLDER, TEMPLATE, WATERMARK, open_picture
from tailrace.media.raster import mask_of
from tailrace.media.text import text_patch
from tailrace.model.mix import Fit, ImageMark, Rounded, Scene, Slot, TextMark
from tailrace.net.download import download
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl
from tailrace.supervise import start, stop

_log = logging.getLogger(__name__)

# Downloads at a time; the others wait. A mix has at most 58: its canvas, 16 placeholders, 16 templates, 25 watermarks.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image for its place, `width` x `height` pixels. `mask`: its alpha channel only, as a transparent template.

    `name` is what notes call it; two places that are alike share one image.
    """

    name: str = field(compare=False)
    url: ImageUrl
    formats: frozenset[str]
    width: int
    height: int
    fit: Fit = Fit.STRETCH
    colour_beside: int | None = None
    rounded: Rounded | None = None
    mask: bool = False


Item = Wanted | TextMark


def canvas_image(scene: Scene) -> Wanted | None:
    """Return the image behind all windows."""
    size = scene.encoding
    return (
        Wanted("canvas image", scene.image, CANVAS, size.width, size.height, scene.image_fit) if scene.image else None
    )


def placeholder(number: int, slot: Slot) -> Wanted | None:
    """Return what the window with this number shows while its user sends no picture."""
    if not (slot.placeholder and slot.width and slot.height):
        return None
    colour = slot.colour if slot.colour_beside_placeholder else None
    size = slot.width, slot.height
    name = f"placeholder of window {number}"
    return Wanted(name, slot.placeholder, PLACEHOLDER, *size, slot.placeholder_fit, colour, slot.rounded)


def template(number: int, slot: Slot) -> Wanted | None:
    """Return what a window is masked with; only pictures that fill it are (spec/03 section 5)."""
    if not (slot.template and slot.width and slot.height and slot.fit is Fit.CROP):
        return None
    name = f"template of window {number}"
    return Wanted(name, slot.template, TEMPLATE, slot.width, slot.height, mask=True)


def watermark(mark: ImageMark) -> Wanted:
    """Return a watermark's image."""
    return Wanted("watermark", mark.url, WATERMARK, mark.width, mark.height)


def items_of(scene: Scene) -> list[Item]:
    """Return all that a scene needs."""
    slots = enumerate(scene.layout.slots)
    of_slots = [found for slot in slots for found in (placeholder(*slot), template(*slot))]
    images = [canvas_image(scene), *of_slots, *map(watermark, scene.image_marks)]
    return [*(image for image in images if image), *scene.text_marks]


class Gallery:
    """`changed` is called when it would answer differently."""

    def __init__(self, guard: Guard, changed: Callable[[], None]) -> None:
        self._guard = guard
        self._changed = changed
        self._wanted: dict[Item, None] = {}
        self._pictures: dict[Item, Moving] = {}
        self._masks: dict[Item, Alpha] = {}
        self._failed: dict[Item, str] = {}
        self._working: dict[Item, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)

    def want(self, items: Iterable[Item]) -> None:
        """Get these, and let go of all others."""
        self._wanted = dict.fromkeys(items)
        self._news.set()

    def picture(self, item: Item | None) -> Moving | None:
        """Return what was made of an item, None while it is not there."""
        return self._pictures.get(item) if item else None

    def mask(self, item: Item | None) -> Alpha | None:
        """Return a mask, None while it is not there."""
        return self._masks.get(item) if item else None

    def notes(self) -> tuple[str, ...]:
        """Return why images have no effect, each reason once."""
        return tuple(dict.fromkeys(self._failed.values()))

    async def run(self) -> None:
        """Get what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for item in self._working.keys() - self._wanted.keys():
                    await stop(self._working.pop(item))
                for done in (self._pictures, self._masks, self._failed):
                    for item in done.keys() - self._wanted.keys():
                        del done[item]
                known = self._working.keys() | self._pictures.keys() | self._masks.keys() | self._failed.keys()
                for item in self._wanted.keys() - known:
                    self._working[item] = start(group, self._make(item), "image")
                await self._news.wait()
                self._news.clear()

    async def _make(self, item: Item) -> None:
        try:
            if isinstance(item, TextMark):
                self._pictures[item] = Still(await asyncio.to_thread(text_patch, item))
            else:
                async with self._room:
                    data = await download(item.url, self._guard)
                picture = await asyncio.to_thread(open_picture, data, item.formats)
                size = item.width, item.height
                if item.mask:
                    self._masks[item] = await asyncio.to_thread(mask_of, picture, *size)
                else:
                    self._pictures[item] = await asyncio.to_thread(
                        animate, picture, *size, item.fit, item.colour_beside, item.rounded
                    )
        except ImageError as error:
            name = "watermark text" if isinstance(item, TextMark) else item.name
            self._failed[item] = f"{name}: {error}"
            _log.warning("image without effect", extra={"error": self._failed[item]})
        self._working.pop(item, None)
        self._changed()
