"""Names on the bus."""

import pytest

from tailrace.bus import subjects
from tailrace.ids import Kind, Room, SdkAppId, Stream, StreamType, TaskId, UserId
from tailrace.model.presence import Role

ROOM = Room(SdkAppId(1), "a.b *>", numeric=False)
STREAM = Stream(ROOM, UserId("u@x"), StreamType.AUX)


def test_names_are_those_of_the_design() -> None:
    assert subjects.media(STREAM, Kind.VIDEO) == "media.1.sa=2Eb=20=2A=3E.u=40x.aux.video"
    assert subjects.media_of(STREAM) == "media.1.sa=2Eb=20=2A=3E.u=40x.aux.*"
    assert subjects.keyframe(STREAM) == "keyframe.1.sa=2Eb=20=2A=3E.u=40x.aux"
    assert subjects.task(TaskId("a/b.c")) == "task.a=2Fb=2Ec"
    assert subjects.task_event(SdkAppId(1), TaskId("t.1")) == "events.task.1.t=2E1"
    assert subjects.room_event(ROOM) == "events.room.1.sa=2Eb=20=2A=3E"
    assert subjects.events_of(SdkAppId(1)) == "events.*.1.*"
    assert subjects.presence_key(ROOM, UserId("u@x"), Role.ROBOT) == "1.sa=2Eb=20=2A=3E.u=40x.robot"


def test_the_name_of_a_queued_task_can_be_read_back() -> None:
    assert subjects.from_queued(subjects.queued(SdkAppId(7), TaskId("a/é.*"))) == (7, "a/é.*")


@pytest.mark.parametrize(
    ("app", "room", "user", "pattern"),
    [
        (None, None, None, "*.*.*.*"),
        (SdkAppId(1), None, None, "1.*.*.*"),
        (None, ROOM, None, "1.sa=2Eb=20=2A=3E.*.*"),
        (None, ROOM, UserId("*"), "1.sa=2Eb=20=2A=3E.=2A.*"),
    ],
)
def test_patterns_match_what_was_named_and_nothing_else(
    app: SdkAppId | None, room: Room | None, user: UserId | None, pattern: str
) -> None:
    assert subjects.presences_of(app, room, user) == pattern
