"""Feedback: all rooms of one task, as they come and go."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from tailrace.bus.connection import connect
from tailrace.bus.rooms import Rooms
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.plan import AudioEncoding, Plan, RoomTarget
from tailrace.model.presence import Role
from tailrace.model.task import DestinationStatus, FeedbackReport, OutputReport, TaskRecord
from tailrace.secret import Secret
from tailrace.supervise import start, stop
from tailrace.unit import Codec
from tailrace.worker.feedback import Feedback
from tailrace.worker.reel import Reel
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox
from tests.harness.nats import nats_server_in
from tests.media.encoded import HEIGHT, WIDTH, pictures

APP = SdkAppId(1)
STAGE, LOBBY, HALL = (Room(APP, name, numeric=False) for name in ("stage", "lobby", "hall"))
LOST_AFTER = ACK_WAIT = 2.0
TO_LOBBY, TO_HALL = (RoomTarget(room, UserId("back")) for room in (LOBBY, HALL))
PLAN = Plan(STAGE, UserId("robot"), (), Stream(STAGE, UserId("anna")), feedback=(TO_LOBBY,))


@pytest.fixture(scope="module")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secret]:
    """A nats-server whose entries of rooms live as long as is said here."""
    with nats_server_in(tmp_path_factory.mktemp("bus")) as server:
        yield server.url


class Fed:
    """A task's feedback on a real bus; what it would send is kept."""

    def __init__(self, url: Secret, record: TaskRecord) -> None:
        self.out, self.clock = FakeOutbox(), ManualClock()
        self.news = asyncio.Event()
        self._url, self._record = url, record

    async def run(self, act: Callable[["Fed"], Awaitable[None]]) -> None:
        bus = await connect(self._url, "test")
        try:
            await bus.prepare(LOST_AFTER, ACK_WAIT)
            self.rooms = Rooms(bus, LOST_AFTER)
            self.reel = Reel(AudioEncoding(), True, lambda message: self.feedback.offer(message))
            self.feedback = Feedback(
                bus,
                self.out.outbox,
                self.rooms,
                self._record,
                self.clock,
                self.reel.opening,
                self.news.set,
                lambda: None,
            )
            async with asyncio.timeout(20), asyncio.TaskGroup() as group:
                running = start(group, self.feedback.run(), "feedback")
                await act(self)
                await stop(running)
        finally:
            await bus.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for news that make it so."""
        while not condition():
            self.news.clear()
            await self.news.wait()

    def statuses(self) -> list[DestinationStatus]:
        return [report.status for report in self.feedback.reports()]

    def play(self) -> None:
        """Show a key frame, and let a piece of sound be heard."""
        (picture, *_) = pictures((0, 0, 0), 0.2)
        at_ms = self.reel.end_ms + 40
        self.reel.video_config(at_ms, picture.config)
        self.reel.picture(at_ms, 0, True, picture.payload)
        self.feedback.sound(at_ms * 1000, b"opus")


def fed(url: Secret, act: Callable[[Fed], Awaitable[None]], record: TaskRecord | None = None) -> Fed:
    scene = Fed(url, record or TaskRecord(TaskId("task"), PLAN, epoch=1))
    asyncio.run(scene.run(act))
    return scene


def test_pictures_and_sound_go_to_all_rooms_and_frames_are_counted_on_after_a_way_out_and_in(nats_url: Secret) -> None:
    async def act(scene: Fed) -> None:
        await scene.until(lambda: scene.statuses() == [DestinationStatus.CONNECTING])
        scene.play()
        assert scene.statuses() == [DestinationStatus.RUNNING]
        scene.feedback.want(replace(PLAN, feedback=(TO_HALL,)))
        await scene.until(lambda: scene.statuses() == [DestinationStatus.CONNECTING])
        scene.play()
        scene.feedback.want(replace(PLAN, feedback=(TO_HALL, TO_LOBBY)))
        await scene.until(lambda: scene.statuses() == [DestinationStatus.RUNNING, DestinationStatus.CONNECTING])
        scene.play()
        hall, lobby = scene.feedback.reports()
        assert (hall.target, hall.video_frames, hall.audio_frames) == (TO_HALL, 2, 2)
        assert (lobby.target, lobby.video_frames, lobby.audio_frames) == (TO_LOBBY, 2, 2)

    scene = fed(nats_url, act)

    assert {unit.codec for unit in scene.out.units} == {Codec.H264, Codec.OPUS}


def test_sound_that_is_not_later_than_the_last_is_left_out(nats_url: Secret) -> None:
    async def act(scene: Fed) -> None:
        await scene.until(lambda: scene.statuses() == [DestinationStatus.CONNECTING])
        for at_us in (20_000, 40_000, 40_000, 30_000, 60_000):
            scene.feedback.sound(at_us, b"opus")

    heard = fed(nats_url, act).out.units

    assert [(unit.sequence, unit.pts_us) for unit in heard] == [(0, 20_000), (1, 40_000), (2, 60_000)]


def test_who_is_in_the_room_says_what_he_sends_and_of_which_rooms_it_is_made(nats_url: Secret) -> None:
    async def act(scene: Fed) -> None:
        await scene.until(lambda: scene.statuses() == [DestinationStatus.CONNECTING])
        scene.play()
        place = None
        while place is None or not (place.seen and place.heard):
            place = await scene.rooms.get(LOBBY, UserId("back"), Role.MAIN)
        assert (place.via, place.task_id, place.epoch) == ("feedback", "task", 1)
        assert (place.width, place.height) == (WIDTH, HEIGHT)
        assert place.fed_back_from == (STAGE,)

    fed(nats_url, act)


def test_nobody_sees_that_a_child_was_replaced(nats_url: Secret) -> None:
    output = OutputReport(
        width=WIDTH, height=HEIGHT, sound=True, feedback=(FeedbackReport(TO_LOBBY, video_frames=9, audio_frames=8),)
    )
    record = TaskRecord(TaskId("taken"), PLAN, epoch=2, output=output)

    async def act(scene: Fed) -> None:
        (report,) = scene.feedback.reports()
        assert (report.video_frames, report.audio_frames) == (9, 8)
        place = None
        while place is None or place.task_id != "taken":
            place = await scene.rooms.get(LOBBY, UserId("back"), Role.MAIN)
        assert (place.audio, place.video, place.heard, place.seen) == (True,) * 4
        scene.feedback.move()

    fed(nats_url, act, record)
