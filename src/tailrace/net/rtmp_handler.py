"""RTMP handler: what an RTMP server's owner supplies, and the limits that it sets."""

from dataclasses import dataclass
from typing import Protocol

from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.event import PlayRequested, PublishRequested


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server and each of its connections may use. Times in seconds.

    `handshake_timeout`: from connecting (or the end of a publish) until publish or play is asked for.
    `idle_timeout`: without any byte from the client, who is pinged after a third of it.
    `read_bytes`: read but not yet handled; beyond, the socket is not read. A key frame fits in.
    `drop_bytes`: unsent to a player; beyond, pictures are dropped up to a key frame. 2.5 s at 3 Mbit/s.
    `write_bytes`: unsent to a client; beyond, it is cut off. Sound alone fills the difference in minutes.
    """

    max_connections: int = 1000
    handshake_timeout: float = 10.0
    idle_timeout: float = 30.0
    read_bytes: int = 1024 * 1024
    drop_bytes: int = 1024 * 1024
    write_bytes: int = 4 * 1024 * 1024


class Handler(Protocol):
    """What the server's owner does with one publish or one play."""

    async def publish(self, request: PublishRequested) -> None:
        """Return to accept; raise Rejected."""

    async def play(self, request: PlayRequested) -> None:
        """Return to accept; raise Rejected."""

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Take a sound message. While this waits, the client's socket is not read. PeerError closes the connection."""

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        """Take a picture message, like `audio`."""

    async def metadata(self, timestamp_ms: int, values: dict[str, Value]) -> None:
        """Take onMetaData, like `audio`."""

    async def ended(self, orderly: bool, reason: str) -> None:
        """Called once after what was accepted has ended. `orderly`: the client said so, it did not just vanish."""
