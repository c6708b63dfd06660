"""Filling: what is shown in a gap, what is said of it, and to whom."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms
from tailrace.clock import SystemClock
from tailrace.ids import Kind, Room, SdkAppId, Stream, TaskId, UserId
from tailrace.media.still import Stills, last_picture
from tailrace.media.video_transcoder import VideoTranscoder
from tailrace.model.plan import AudioEncoding, Plan
from tailrace.model.task_event import What
from tailrace.secret import Secret
from tailrace.supervise import start, stop
from tailrace.worker.feed import NOTHING_EARLIER, Earlier, Stage
from tailrace.worker.filling import Filling, stills_for
from tailrace.worker.job import Job
from tailrace.worker.lane import Junction
from tailrace.worker.pipeline import Pipeline
from tailrace.worker.reel import Message, Reel
from tests.media.encoded import HEIGHT, WIDTH, interleaved, mean_colour, pictures, sound

RED, BLUE = (220, 20, 20), (20, 20, 220)
SIZE = WIDTH, HEIGHT


class Filled:
    """A pipeline that is filled, and what is told of it."""

    def __init__(self, *, earlier: Earlier = NOTHING_EARLIER, slate: str = "", ours: bool = True) -> None:
        self.messages: list[Message] = []
        self.told: list[tuple[What, str]] = []
        self.ours = ours
        self.news = asyncio.Event()
        self.clock = SystemClock()
        room = Room(SdkAppId(1), "stage", numeric=False)
        plan = Plan(room, UserId("robot"), (), Stream(room, UserId("anna")))
        reel = Reel(AudioEncoding(), True, self._deliver)
        lane = Junction(reel, True, lambda now_us: None, lambda revision: None).lane()
        job = Job(SdkAppId(1), TaskId("task"), "worker", Secret(""), (), True, 2.0, "auto", 0, slate)
        stage = Stage(
            bus=cast(Bus, None),
            job=job,
            clock=self.clock,
            rooms=cast(Rooms, None),
            lane=lane,
            still_ours=self._still_ours,
            present=lambda anybody: None,
            need=lambda: None,
            changed=self.news.set,
            tell=self._tell,
            earlier=earlier,
        )
        clock = SystemClock()
        self.pipeline = Pipeline(plan, 0, stage.lane, lambda: VideoTranscoder("auto", 1, clock, lambda made: None))
        self.filling = Filling(self.pipeline, stage)

    def comes(self, session: int = 1) -> None:
        """Let a tenth of a second of red come."""
        list(self.pipeline.join([], self.clock.monotonic()))
        for unit in interleaved(pictures(RED, 0.1, session=session), sound(440, 0.1, session=session)):
            self.pipeline.take(unit, self.clock.monotonic())

    async def until_told(self, what: What) -> None:
        async with asyncio.timeout(10):
            while what not in [told for told, _ in self.told]:
                await self.news.wait()
                self.news.clear()

    async def until_shown(self, pictures: int) -> None:
        async with asyncio.timeout(10):
            while sum(message.kind is Kind.VIDEO and message.frame for message in self.messages) < pictures:
                await self.news.wait()
                self.news.clear()

    async def _still_ours(self) -> bool:
        self.news.set()
        return self.ours

    def _deliver(self, message: Message) -> None:
        self.messages.append(message)
        self.news.set()

    def _tell(self, what: What, words: str) -> None:
        self.told.append((what, words))


def test_the_loss_and_the_return_of_a_publisher_are_told() -> None:
    async def scenario() -> None:
        filled = Filled()
        async with asyncio.TaskGroup() as group:
            running = start(group, filled.filling.run(), "filling")
            filled.comes()
            assert filled.filling.notes() == ()
            await filled.until_told(What.SOURCE_LOST)
            (note,) = filled.filling.notes()
            await filled.until_shown(3 + 5)
            filled.comes(session=2)
            await filled.until_told(What.SOURCE_BACK)
            await stop(running)

        assert note.startswith("no media from the publisher since ")
        assert filled.told == [(What.SOURCE_LOST, note), (What.SOURCE_BACK, "")]
        assert filled.filling.notes() == ()

    asyncio.run(scenario())


def test_an_output_of_before_is_filled_at_once_when_nobody_is_there() -> None:
    async def scenario() -> None:
        filled = Filled(earlier=Earlier(begun=True, size=SIZE, sound=True))
        async with asyncio.TaskGroup() as group:
            running = start(group, filled.filling.run(), "filling")
            list(filled.pipeline.join([], filled.clock.monotonic()))
            filled.filling.nobody_is_there()
            await filled.until_shown(1)
            await stop(running)

        assert {message.kind for message in filled.messages} == set(Kind)

    asyncio.run(scenario())


def test_an_output_that_has_not_begun_is_not_filled() -> None:
    async def scenario() -> None:
        filled = Filled()

        filled.filling.nobody_is_there()

        assert not filled.pipeline.gap.known

    asyncio.run(scenario())


def test_a_child_whose_task_is_anothers_fills_nothing() -> None:
    async def scenario() -> None:
        filled = Filled(earlier=Earlier(begun=True, size=SIZE, sound=True), ours=False)
        async with asyncio.TaskGroup() as group:
            running = start(group, filled.filling.run(), "filling")
            filled.filling.nobody_is_there()
            for _ in range(3):
                filled.news.clear()
                await filled.news.wait()
            await stop(running)

        assert filled.messages == []

    asyncio.run(scenario())


def colour(stills: Stills) -> tuple[float, float, float]:
    found = last_picture(stills.config, [picture.payload for picture in stills.pictures])
    assert found is not None
    return mean_colour(found)


def group() -> tuple[bytes, list[bytes]]:
    units = pictures(RED, 0.2)
    return units[0].config, [unit.payload for unit in units]


def test_without_a_slate_the_last_picture_is_shown() -> None:
    stills, note = stills_for("", *group(), SIZE)

    assert colour(stills) == pytest.approx(RED, abs=6)
    assert note == ""


def test_without_a_last_picture_black_is_shown() -> None:
    stills, _ = stills_for("", b"", [], SIZE)

    assert colour(stills) == pytest.approx((0, 0, 0), abs=2)


def test_a_slate_is_shown_in_place_of_the_last_picture(tmp_path: Path) -> None:
    Image.new("RGB", (640, 360), BLUE).save(tmp_path / "slate.png")

    stills, note = stills_for(str(tmp_path / "slate.png"), *group(), SIZE)

    assert colour(stills)[2] > 180
    assert note == ""


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"GIF89a", "gif")])
def test_a_slate_that_cannot_be_had_leaves_the_last_picture(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "slate.png"
    if content is not None:
        file.write_bytes(content)

    stills, note = stills_for(str(file), *group(), SIZE)

    assert colour(stills) == pytest.approx(RED, abs=6)
    assert note.startswith("slate: ")
    assert reason in note
