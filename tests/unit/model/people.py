"""People for the tests of the layout: rooms, streams and members with short names."""

from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.model.cast import Member

MAIN = Room(SdkAppId(1), "show", numeric=False)
OTHER = Room(SdkAppId(1), "guests", numeric=False)
THIRD = Room(SdkAppId(1), "backstage", numeric=False)


def camera(user: str, room: Room = MAIN) -> Stream:
    return Stream(room, UserId(user))


def screen(user: str, room: Room = MAIN) -> Stream:
    return Stream(room, UserId(user), StreamType.AUX)


def member(
    stream: Stream | str,
    since: float = 0.0,
    *,
    audio: bool = True,
    video: bool = True,
    fed_back_from: tuple[Room, ...] = (),
) -> Member:
    stream = camera(stream) if isinstance(stream, str) else stream
    return Member(stream, audio=audio, video=video, since=since, fed_back_from=fed_back_from)


def crowd(count: int) -> list[Member]:
    """Return `u0`, `u1`, ... who entered in this order."""
    return [member(f"u{number}", since=float(number)) for number in range(count)]
