"""Gallery: the images and texts of a mix, each made for its place; one that cannot be had becomes a note, no more."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tailrace.errors import ImageError
from tailrace.media.animation import Animation, animate
from tailrace.media.canvas import Alpha
from tailrace.media.compositor import Moving, Still
from tailrace.media.picture import CANVAS, PLACEHOLDER, TEMPLATE, WATERMARK, open_picture
from tailrace.media.raster import mask_of
from tailrace.media.text import text_patch
from tailrace.model.mix import Fit, ImageMark, Motion, Rounded, Scene, Slot, TextMark
from tailrace.net.download import download
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl
from tailrace.supervise import start, stop

_log = logging.getLogger(__name__)

# Downloads at a time; the others wait. A mix has at most 58: its canvas, 16 placeholders, 16 templates, 25 watermarks.
AT_ONCE = 8
# What placeholders that move may take together: 4 s of 25 frames/s when they fill a canvas of 720p. Each has a part by
# its area, so that all have as many frames.
MOVING_BYTES = 128 * 1024 * 1024
# Files that are kept as long as they are wanted, so that a window that gets another size shows its image at once.
# Together so much, which is a lot for images of a scene; what goes beyond is downloaded again when it is needed.
KEPT_BYTES = 32 * 1024 * 1024


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
Fetch = Callable[[ImageUrl, Guard], Awaitable[bytes]]


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


def words(mark: TextMark) -> TextMark:
    """Return a watermark's text as an item, which is the same wherever it stands."""
    return replace(mark, x=0, y=0, layer=0, motion=Motion.FIXED)


def items_of(scene: Scene) -> list[Item]:
    """Return all that a scene needs."""
    slots = enumerate(scene.layout.slots)
    of_slots = [found for slot in slots for found in (placeholder(*slot), template(*slot))]
    images = [canvas_image(scene), *of_slots, *map(watermark, scene.image_marks)]
    return [*(image for image in images if image), *map(words, scene.text_marks)]


class Gallery:
    """`changed` is called when it would answer differently."""

    def __init__(self, guard: Guard, changed: Callable[[], None], fetch: Fetch = download) -> None:
        self._guard = guard
        self._changed = changed
        self._fetch = fetch
        self._wanted: dict[Item, None] = {}
        self._pictures: dict[Item, Moving] = {}
        self._masks: dict[Item, Alpha] = {}
        self._failed: dict[Item, str] = {}
        self._working: dict[Item, asyncio.Task[None]] = {}
        self._files: dict[ImageUrl, asyncio.Task[bytes | ImageError]] = {}
        self._news, self._made = asyncio.Event(), asyncio.Event()
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

    def complete(self) -> bool:
        """Return whether all that is wanted is made or has failed."""
        return self._wanted.keys() <= self._done()

    async def settle(self) -> None:
        """Wait until all is made that is wanted and needs no download; for one caller at a time."""
        while any(self._is_at_hand(item) for item in self._wanted.keys() - self._done()):
            await self._made.wait()
            self._made.clear()

    async def run(self) -> None:
        """Get what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for item in self._working.keys() - self._wanted.keys():
                    await stop(self._working.pop(item))
                for made in (self._pictures, self._masks, self._failed):
                    for item in made.keys() - self._wanted.keys():
                        del made[item]
                for url in self._files.keys() - {item.url for item in self._wanted if isinstance(item, Wanted)}:
                    await stop(self._files.pop(url))
                self._share_out()
                known = self._done() | self._working.keys()
                for item in (item for item in self._wanted if item not in known):
                    self._working[item] = start(group, self._make(item, group), "image")
                await self._news.wait()
                self._news.clear()

    def _done(self) -> set[Item]:
        return self._pictures.keys() | self._masks.keys() | self._failed.keys()

    def _is_at_hand(self, item: Item) -> bool:
        return isinstance(item, TextMark) or ((file := self._files.get(item.url)) is not None and file.done())

    async def _make(self, item: Item, group: asyncio.TaskGroup) -> None:
        try:
            if isinstance(item, TextMark):
                self._pictures[item] = Still(await asyncio.to_thread(text_patch, item))
            else:
                await self._render(item, await self._file(item.url, group))
        except ImageError as error:
            name = "watermark text" if isinstance(item, TextMark) else item.name
            self._failed[item] = f"{name}: {error}"
            _log.warning("image without effect", extra={"error": self._failed[item]})
        self._working.pop(item, None)
        self._made.set()
        self._changed()

    async def _render(self, item: Wanted, data: bytes) -> None:
        picture = await asyncio.to_thread(open_picture, data, item.formats)
        size = item.width, item.height
        if item.mask:
            self._masks[item] = await asyncio.to_thread(mask_of, picture, *size)
            return
        made: Animation = await asyncio.to_thread(
            animate, picture, *size, item.fit, item.colour_beside, item.rounded, budget_bytes=self._share(item)
        )
        # Meanwhile others may have been wanted.
        self._pictures[item] = made.within(self._share(item))

    def _share_out(self) -> None:
        """Make those smaller whose part has become smaller."""
        for item, made in self._pictures.items():
            if isinstance(item, Wanted) and isinstance(made, Animation):
                smaller = self._pictures[item] = made.within(self._share(item))
                if smaller is not made:
                    self._changed()

    def _share(self, item: Wanted) -> int:
        """Return the bytes of MOVING_BYTES that an image may take if it moves."""
        moving = (one for one in self._wanted if isinstance(one, Wanted) and one.formats == PLACEHOLDER)
        area = sum(one.width * one.height for one in moving)
        return MOVING_BYTES * item.width * item.height // max(1, area)

    async def _file(self, url: ImageUrl, group: asyncio.TaskGroup) -> bytes:
        """Download a file once for all who want it. Raises ImageError."""
        if url not in self._files:
            self._files[url] = start(group, self._download(url), "download")
        found = await asyncio.shield(self._files[url])
        if isinstance(found, ImageError):
            raise ImageError(str(found)) from found
        if sum(len(file) for file in self._kept()) > KEPT_BYTES:
            self._files.pop(url, None)
        return found

    def _kept(self) -> Iterator[bytes]:
        for file in self._files.values():
            if file.done() and not file.cancelled() and isinstance(found := file.result(), bytes):
                yield found

    async def _download(self, url: ImageUrl) -> bytes | ImageError:
        try:
            async with self._room:
                return await self._fetch(url, self._guard)
        except ImageError as error:
            return error
