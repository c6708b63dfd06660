"""The built-in CDN over RTMP: its publishers and players."""

import logging

from tailrace.clock import Clock
from tailrace.ingest.cdn import Cdn, Channel
from tailrace.net.rtmp_server import Connection
from tailrace.wire import flv
from tailrace.wire.rtmp import amf0

_log = logging.getLogger(__name__)


class CdnPublisher:
    """Passes a publisher's messages into its channel."""

    def __init__(self, cdn: Cdn, channel: Channel, clock: Clock) -> None:
        self._cdn = cdn
        self._channel = channel
        self._clock = clock

    async def metadata(self, _timestamp_ms: int, values: dict[str, amf0.Value]) -> None:
        """Take onMetaData."""
        self._channel.metadata(values)

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        """Take a picture message."""
        self._channel.video(timestamp_ms, payload, self._clock.unix())

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Take a sound message."""
        self._channel.audio(timestamp_ms, payload)

    async def ended(self, orderly: bool, reason: str) -> None:
        """End the stream; its name is free at once."""
        self._cdn.close(self._channel, self._clock.unix(), orderly=orderly, fc_unpublish=reason == "FCUnpublish")
        _log.info("stream ended", extra={"orderly": orderly, "reason": reason})


class CdnPlayer:
    """Sends a channel to an RTMP player; its connection drops what a slow player cannot take."""

    def __init__(self, connection: Connection, channel: Channel) -> None:
        self._connection = connection
        self._channel = channel

    def join(self) -> None:
        """Begin to play, with what a late joiner needs."""
        self._connection.accept()
        self._channel.join(self)

    async def audio(self, _timestamp_ms: int, _payload: bytes) -> None:
        """Ignore: a player has nothing to say."""

    async def video(self, _timestamp_ms: int, _payload: bytes) -> None:
        """Ignore, as `audio`."""

    async def metadata(self, _timestamp_ms: int, _values: dict[str, amf0.Value]) -> None:
        """Ignore, as `audio`."""

    async def ended(self, _orderly: bool, _reason: str) -> None:
        """Leave the channel."""
        self._channel.leave(self)
        if self._connection.dropped:
            _log.info("player over RTMP was slow", extra={"dropped": self._connection.dropped})

    def describe(self, values: amf0.EcmaArray) -> None:
        """Send onMetaData."""
        self._connection.send_metadata(values)

    def media(self, kind: flv.TagType, timestamp_ms: int, body: bytes, _key: bool, _must: bool) -> None:
        """Send a message."""
        send = self._connection.send_video if kind is flv.TagType.VIDEO else self._connection.send_audio
        send(timestamp_ms, body)

    def end(self) -> None:
        """Tell the player that the stream has ended."""
        self._connection.finish_play()
