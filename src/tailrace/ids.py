"""What things are called: SdkAppId, TaskId, UserId, Room, Stream, and how a name becomes part of a subject or key."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

from tailrace.errors import PeerError

SdkAppId = NewType("SdkAppId", int)
TaskId = NewType("TaskId", str)
UserId = NewType("UserId", str)

# spec/05 section 1.1. "Preferably" at most 32 bytes; twice that is taken, since robots tend to have long names.
USER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
USER_ID_FORM = "1 to 64 letters, digits, underscores and hyphens"

_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})")


class StreamType(StrEnum):
    """Which of a user's two streams: camera (StreamType 0 of the API) or screen share (StreamType 1)."""

    MAIN = "main"
    AUX = "aux"


class Kind(StrEnum):
    """Which track of a stream."""

    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Room:
    """A room. Numeric room 123 and string room "123" are different rooms (spec/05 section 1.1)."""

    app: SdkAppId
    room_id: str
    numeric: bool

    @property
    def token(self) -> str:
        """The room as two subject tokens: `<app>.<n|s><room id>`."""
        return f"{self.app}.{'n' if self.numeric else 's'}{quote(self.room_id)}"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream that a user publishes in a room."""

    room: Room
    user: UserId
    type: StreamType = StreamType.MAIN

    @property
    def token(self) -> str:
        """The stream as four subject tokens: `<app>.<room>.<user>.<main|aux>`."""
        return f"{self.room.token}.{quote(self.user)}.{self.type}"


@dataclass(frozen=True, slots=True)
class Output:
    """What a task makes, to be watched: it is on the bus while somebody watches."""

    app: SdkAppId
    task_id: TaskId

    @property
    def token(self) -> str:
        """The output as four subject tokens like a stream's; no room is named with a `t`."""
        return f"{self.app}.t{quote(self.task_id)}.output.{StreamType.MAIN}"


class Source(Protocol):
    """What can be subscribed to: a `Stream` of a room, or the `Output` of a task."""

    @property
    def token(self) -> str:
        """Its four subject tokens."""
        ...


def quote(name: str) -> str:
    """Encode any text as one token of a NATS subject or key: bytes outside `A-Za-z0-9_-` become `=XX`."""
    return _UNSAFE.sub(lambda found: b"=%02X" % found[0][0], name.encode()).decode()


def unquote(token: str) -> str:
    """Reverse `quote`. Raises PeerError if the bytes are not UTF-8."""
    try:
        return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), token.encode()).decode()
    except UnicodeDecodeError as error:
        raise PeerError(f"token {token!r} is not quoted UTF-8") from error
