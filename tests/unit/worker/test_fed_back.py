"""Fed back: what is said of one room that the output goes to."""

from typing import cast

from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms
from tailrace.ids import Kind, Room, SdkAppId, Stream, UserId
from tailrace.model.plan import RoomTarget
from tailrace.model.presence import Presence, Role
from tailrace.model.task import DestinationStatus, FeedbackReport
from tailrace.unit import Codec, Unit
from tailrace.worker.fed_back import FedBack
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox

STAGE, LOBBY = (Room(SdkAppId(1), name, numeric=False) for name in ("stage", "lobby"))
TARGET = RoomTarget(LOBBY, UserId("back"))
SENDS = Presence(STAGE, UserId("robot"), Role.MAIN, 0, 0.0, via="feedback", task_id="task", epoch=3)
PICTURE = Unit(Codec.H264, 7, 0, 0, 0, True, b"config", b"picture")
SOUND = Unit(Codec.OPUS, 7, 0, 0, 0, True, b"", b"sound")


class There:
    """A room that is told of, without a bus."""

    def __init__(self, before: FeedbackReport | None = None) -> None:
        self.clock, self.out = ManualClock(1000.0), FakeOutbox()
        self.changes = 0
        self.room = FedBack(
            cast(Bus, None),
            self.out.outbox,
            cast(Rooms, None),
            self.clock,
            TARGET,
            SENDS,
            list,
            self._changed,
            before,
        )

    def _changed(self) -> None:
        self.changes += 1


def test_it_is_connecting_until_something_is_sent_and_running_since_then() -> None:
    there = There()
    assert there.room.report() == FeedbackReport(TARGET, DestinationStatus.CONNECTING, 1000.0)

    there.clock.pass_time(5)
    there.room.offer(PICTURE)
    there.clock.pass_time(5)
    there.room.offer(SOUND)
    there.room.offer(SOUND)

    assert there.room.report() == FeedbackReport(TARGET, DestinationStatus.RUNNING, 1005.0, 1, 2)
    assert there.changes == 1


def test_units_are_those_of_its_user_in_its_room() -> None:
    there = There()
    there.room.offer(PICTURE)
    there.room.offer(SOUND)

    token = Stream(LOBBY, UserId("back")).token
    assert there.out.sent == [(f"media.{token}.{Kind.VIDEO}", PICTURE), (f"media.{token}.{Kind.AUDIO}", SOUND)]


def test_what_an_earlier_child_has_sent_is_counted_too() -> None:
    there = There(FeedbackReport(TARGET, DestinationStatus.RUNNING, 10.0, video_frames=40, audio_frames=80))
    assert there.room.report() == FeedbackReport(TARGET, DestinationStatus.CONNECTING, 1000.0, 40, 80)

    there.room.offer(PICTURE)

    assert there.room.report() == FeedbackReport(TARGET, DestinationStatus.RUNNING, 1000.0, 41, 80)
