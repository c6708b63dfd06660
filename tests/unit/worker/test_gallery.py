"""The gallery: images of a real HTTP server become pictures, and those that cannot be had become notes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tailrace.media.animation import Animation
from tailrace.media.canvas import Patch, colour_of
from tailrace.media.picture import CANVAS, PLACEHOLDER, TEMPLATE, WATERMARK
from tailrace.model.mix import Fit, ImageMark, Layout, LayoutMode, Motion, Scene, Slot, TextMark, VideoEncoding
from tailrace.net.download import download
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl
from tailrace.supervise import start, stop
from tailrace.worker.gallery import AT_ONCE, KEPT_BYTES, MOVING_BYTES, Gallery, Item, Wanted, items_of
from tests.fakes.web import Answer, FakeWeb, late, nothing, says, trickle
from tests.unit.media.images import BLUE, GREEN, RED, gif, halves, plain, saved

PATIENT = 20.0
# One try is enough: trying again is tested with the download itself.
FETCH = partial(download, pauses=())
RED_PNG, BLUE_PNG = saved(plain(RED), "PNG"), saved(plain(BLUE), "PNG")
TEXT = TextMark("Hello", 10, 20, 200, 40, 30)


def image(url: ImageUrl, width: int = 64, height: int = 48, name: str = "watermark") -> Wanted:
    return Wanted(name, url, WATERMARK, width, height)


class Hung:
    """A gallery that runs, and how often it said that it has changed."""

    def __init__(self, guard: Guard) -> None:
        self.changes = 0
        self._changed = asyncio.Event()
        self.gallery = Gallery(guard, self._count, FETCH)

    def _count(self) -> None:
        self.changes += 1
        self._changed.set()

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until something is true; it is asked whenever the gallery has changed."""
        while not done():
            await self._changed.wait()
            self._changed.clear()

    async def until_made(self, *items: Item) -> None:
        await self.until(lambda: all(self.gallery.picture(item) or self.gallery.mask(item) for item in items))

    def patch(self, item: Item) -> Patch:
        picture = self.gallery.picture(item)
        assert picture is not None
        return picture.at(0)

    def colour(self, item: Item) -> tuple[int, int, int]:
        """Return Y, U, V of the first pixel of what was made of an item."""
        patch = self.patch(item)
        return int(patch.y[0, 0]), int(patch.u[0, 0]), int(patch.v[0, 0])


@asynccontextmanager
async def running(guard: Guard | None = None) -> AsyncIterator[Hung]:
    async with asyncio.TaskGroup() as group:
        hung = Hung(guard or Guard(["127.0.0.0/8"]))
        task = start(group, hung.gallery.run(), "gallery")
        try:
            yield hung
        finally:
            await stop(task)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, PATIENT))


def test_an_image_that_has_arrived_is_there_and_the_change_is_told() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            item = image(web.serve("/logo.png", RED_PNG), 32, 24)
            hung.gallery.want([item])
            assert hung.gallery.picture(item) is None
            assert not hung.gallery.complete()

            await hung.until_made(item)

            assert hung.changes == 1
            assert hung.gallery.complete()
            assert hung.colour(item) == colour_of(0xFF0000)
            assert hung.patch(item).y.shape == (24, 32)
            assert hung.gallery.notes() == ()

    run(main())


def test_a_template_becomes_a_mask_and_a_text_a_picture() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            url = web.serve("/round.png", saved(halves((*RED, 0), (*RED, 255)), "PNG"))
            mask = Wanted("template of window 0", url, TEMPLATE, 64, 48, mask=True)
            hung.gallery.want([mask, TEXT])

            await hung.until_made(mask, TEXT)

            assert hung.gallery.picture(mask) is None
            made = hung.gallery.mask(mask)
            assert made is not None
            assert [made.plane[24, x] for x in (8, 56)] == [0, 255]
            assert hung.patch(TEXT).y.shape == (40, 200)

    run(main())


@pytest.mark.parametrize(
    ("answer", "formats", "why"),
    [
        (says("404 Not Found"), WATERMARK, "was answered with status 404"),
        (says("302 Found", b"", "Location: /secret"), WATERMARK, "is redirected elsewhere, which is not followed"),
        (says("200 OK", bytes(5 * 1024 * 1024 + 1)), WATERMARK, "has more than 5242880 bytes"),
        (says("200 OK", b"<html>secret</html>"), WATERMARK, "an image that is of an unknown format"),
        (says("200 OK", gif([RED, BLUE], [100, 100])), CANVAS, "an image that is gif cannot be used here"),
        (says("200 OK", RED_PNG[:-30]), WATERMARK, "the png is broken"),
        (says("200 OK", saved(plain(RED, 2600, 1500), "PNG")), WATERMARK, "2600 x 1500 pixels is larger than 2K"),
    ],
    ids=["404", "redirect", "too many bytes", "no image", "wrong format", "broken", "too many pixels"],
)
def test_an_image_that_cannot_be_had_is_a_note_and_the_others_come(
    answer: Answer, formats: frozenset[str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            bad = Wanted("placeholder of window 3", web.url("/secret/a.png?sign=secret"), formats, 64, 48)
            web.serve("/secret/a.png", answer)
            good = image(web.serve("/logo.png", RED_PNG))
            hung.gallery.want([bad, good])

            await hung.until(hung.gallery.notes)
            await hung.until_made(good)

            assert hung.gallery.complete()
            (note,) = hung.gallery.notes()
            assert note.startswith("placeholder of window 3: ")
            assert why in note
            assert "secret" not in note
            assert hung.gallery.picture(bad) is None

    run(main())

    (record,) = [record for record in caplog.records if record.message == "image without effect"]
    assert "placeholder of window 3" in record.__dict__["error"]
    assert "secret" not in caplog.text + str([record.__dict__ for record in caplog.records])


def test_forbidden_addresses_and_characters_are_notes_and_nobody_is_asked() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running(Guard()) as hung:
            hung.gallery.want([image(web.url(), name="canvas image"), image(web.url("/a b.png"))])

            await hung.until(lambda: len(hung.gallery.notes()) == 2)

            notes = sorted(hung.gallery.notes())
            assert "127.0.0.1 is not a public address" in notes[0]
            assert "has characters that are not allowed" in notes[1]
            assert web.heads == []

    run(main())


def test_a_text_that_is_too_large_is_a_note() -> None:
    async def main() -> None:
        async with running() as hung:
            hung.gallery.want([replace(TEXT, width=5000, height=5000)])

            await hung.until(hung.gallery.notes)

            assert hung.gallery.notes()[0].startswith("watermark text: a picture cannot be shown with 5000 x 5000")

    run(main())


def test_what_is_no_longer_wanted_is_forgotten_with_its_note() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            good, bad = image(web.serve("/logo.png", RED_PNG)), image(web.url("/none.png"))
            other = image(web.serve("/other.png", BLUE_PNG))
            hung.gallery.want([good, bad])
            await hung.until(hung.gallery.notes)
            await hung.until_made(good)

            hung.gallery.want([other])
            await hung.until_made(other)

            assert hung.gallery.picture(good) is None
            assert hung.gallery.notes() == ()
            # Wanted again, it is asked for again.
            hung.gallery.want([good])
            await hung.until_made(good)
            assert web.asked["/logo.png"] == 2

    run(main())


def test_the_download_of_what_is_no_longer_wanted_is_cancelled() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            web.serve("/slow.png", trickle)
            good = image(web.serve("/logo.png", RED_PNG))
            hung.gallery.want([image(web.url("/slow.png")), good])
            await hung.until_made(good)
            assert web.busy == 1

            hung.gallery.want([good])

            await web.until_idle()
            assert hung.gallery.notes() == ()
            assert hung.gallery.picture(good) is not None

    run(main())


def test_one_address_is_downloaded_once_for_all_sizes_and_uses() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            url = web.serve("/logo.png", late(RED_PNG))
            small, large = image(url, 32, 24), image(url, 128, 96)
            back = Wanted("canvas image", url, CANVAS, 320, 180, Fit.CROP)
            hung.gallery.want([small, large, back])
            web.released.set()
            await hung.until_made(small, large, back)

            # What is kept serves later sizes too.
            larger = image(url, 256, 192)
            hung.gallery.want([larger])
            await hung.until_made(larger)

            assert web.asked == {"/logo.png": 1}

    run(main())


def test_an_address_that_failed_is_not_tried_again_while_it_is_wanted() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            hung.gallery.want([image(web.url("/none.png"))])
            await hung.until(hung.gallery.notes)

            hung.gallery.want([image(web.url("/none.png"), 128, 96, "canvas image")])
            await hung.until(lambda: [note for note in hung.gallery.notes() if note.startswith("canvas image")])

            assert web.asked == {"/none.png": 1}
            assert len(hung.gallery.notes()) == 1

    run(main())


def test_files_beyond_what_may_be_kept_are_downloaded_again() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            padded = saved(plain(RED), "PNG") + bytes(5 * 1024 * 1024 - len(RED_PNG))
            urls = [web.serve(f"/{n}.png", padded) for n in range(8)]
            first = [image(url) for url in urls]
            hung.gallery.want(first)
            await hung.until_made(*first)
            again = [image(url, 32, 24) for url in urls]

            hung.gallery.want(again)
            await hung.until_made(*again)

            # Six of five megabytes are kept.
            assert sorted(web.asked.values()) == [1] * 6 + [2] * 2

    assert KEPT_BYTES == 32 * 1024 * 1024
    run(main())


def test_so_many_are_downloaded_at_a_time_and_no_more() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            items = [image(web.serve(f"/{n}.png", late(RED_PNG))) for n in range(3 * AT_ONCE)]
            hung.gallery.want(items)
            await web.until_busy(AT_ONCE)

            web.released.set()
            await hung.until_made(*items)

            assert web.busiest == AT_ONCE

    run(main())


def test_placeholders_that_move_share_their_memory_by_area_and_give_way_to_those_who_come() -> None:
    async def main() -> None:
        async with FakeWeb(nothing) as web, running() as hung:
            colours = [RED, GREEN, BLUE] * 10
            item = Wanted("placeholder", web.serve("/loop.gif", gif(colours, [100] * 30)), PLACEHOLDER, 320, 180)
            hung.gallery.want([item])
            await hung.until_made(item)
            assert len(moving(hung, item).patches) == 30

            others = [Wanted(f"{n}", web.url(f"/{n}.gif"), PLACEHOLDER, 1920, 1080) for n in range(15)]
            hung.gallery.want([item, *others])
            await hung.until(lambda: len(moving(hung, item).patches) < 30)

            part = 320 * 180 / (320 * 180 + 15 * 1920 * 1080)
            assert 2 <= len(moving(hung, item).patches) <= MOVING_BYTES * part / (1.5 * 320 * 180)

    run(main())


def moving(hung: Hung, item: Item) -> Animation:
    picture = hung.gallery.picture(item)
    assert isinstance(picture, Animation)
    return picture


def test_settled_is_when_all_is_made_that_needs_no_download() -> None:
    async def main() -> None:
        async with FakeWeb() as web, running() as hung:
            waiting = image(web.serve("/never.png", nothing))
            known = image(web.serve("/logo.png", RED_PNG))
            hung.gallery.want([known])
            await hung.until_made(known)

            resized = replace(known, width=128)
            hung.gallery.want([waiting, resized, TEXT])
            await hung.gallery.settle()

            assert hung.gallery.picture(resized) is not None
            assert hung.gallery.picture(TEXT) is not None
            assert hung.gallery.picture(waiting) is None

    run(main())


def scene(*slots: Slot, **more: Any) -> Scene:
    return Scene(VideoEncoding(640, 360, 15, 500, 2), Layout(LayoutMode.CUSTOM, slots), **more)


def test_a_scene_wants_each_of_its_images_at_its_size() -> None:
    url = ImageUrl("http://images.example/a.png")
    whole = Slot(None, 0, 0, 320, 180, placeholder=url, template=url)
    fitted = replace(whole, fit=Fit.INSIDE, colour=0xFF0000, colour_beside_placeholder=True)
    mark = ImageMark(url, 5, 6, 100, 50, 3, Motion.JUMPING)

    items = items_of(scene(whole, fitted, Slot(None, 0, 0, 0, 0, placeholder=url), image=url, image_marks=(mark,)))

    assert items == [
        Wanted("", url, CANVAS, 640, 360),
        Wanted("", url, PLACEHOLDER, 320, 180),
        Wanted("", url, TEMPLATE, 320, 180, mask=True),
        Wanted("", url, PLACEHOLDER, 320, 180, colour_beside=0xFF0000),
        Wanted("", url, WATERMARK, 100, 50),
    ]


def test_a_text_that_only_moves_is_the_same_picture() -> None:
    moved = replace(TEXT, x=500, layer=2, motion=Motion.BOUNCING)

    assert items_of(scene(text_marks=(TEXT,))) == items_of(scene(text_marks=(moved,)))
    assert items_of(scene(text_marks=(TEXT,))) != items_of(scene(text_marks=(replace(TEXT, text="Bye"),)))
