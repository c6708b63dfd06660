"""Reception: which application an RTMP client asked for, and who serves it."""

from typing import Protocol
from urllib.parse import unquote

from tailrace.clock import Clock
from tailrace.errors import CallerError, PeerError, Rejected
from tailrace.ingest.allowed import Allowed
from tailrace.ingest.cdn import Cdn
from tailrace.ingest.cdn_rtmp import CdnPlayer, CdnPublisher
from tailrace.ingest.room import Lobby
from tailrace.ingest.rtmp_publisher import RtmpPublisher
from tailrace.net.rtmp_server import Connection
from tailrace.wire.rtmp import amf0
from tailrace.wire.rtmp.event import PlayRequested, PublishRequested

_NOT_FOUND = "NetStream.Play.StreamNotFound"


class Session(Protocol):
    """What an accepted publisher or player is, whichever application it uses."""

    async def audio(self, timestamp_ms: int, payload: bytes, /) -> None:
        """Take a sound message."""

    async def video(self, timestamp_ms: int, payload: bytes, /) -> None:
        """Take a picture message."""

    async def metadata(self, timestamp_ms: int, values: dict[str, amf0.Value], /) -> None:
        """Take onMetaData."""

    async def ended(self, orderly: bool, reason: str, /) -> None:
        """End."""


class Reception:
    """Answers one publish or play request, then passes everything on to the session that came of it."""

    _session: Session

    def __init__(self, connection: Connection, lobby: Lobby, cdn: Cdn, allowed: Allowed, clock: Clock) -> None:
        self._connection = connection
        self._lobby = lobby
        self._cdn = cdn
        self._allowed = allowed
        self._clock = clock

    async def publish(self, request: PublishRequested) -> None:
        """Accept, or raise Rejected."""
        try:
            match request.app:
                case "push":
                    self._session = await RtmpPublisher.enter(self._lobby, self._connection, request)
                case "live":
                    self._check_address()
                    channel = self._cdn.open(unquote(request.name), self._clock.unix())
                    self._session = CdnPublisher(self._cdn, channel, self._clock)
                case _:
                    raise Rejected("no such application; publish to push/<room> or live/<name>")
        except (CallerError, PeerError) as error:
            raise Rejected(str(error)) from error

    async def play(self, request: PlayRequested) -> None:
        """Accept, or raise Rejected. Rooms cannot be played over RTMP (spec/05 section 3.2)."""
        if request.app != "live":
            raise Rejected("no such application; play live/<name>", _NOT_FOUND)
        self._check_address(_NOT_FOUND)
        if (channel := self._cdn.find(unquote(request.name))) is None:
            raise Rejected("no live stream has this name", _NOT_FOUND)
        player = CdnPlayer(self._connection, channel)
        self._session = player
        player.join()

    def _check_address(self, code: str = "NetStream.Publish.BadName") -> None:
        if not self._allowed(self._connection.peer_address):
            raise Rejected("the built-in CDN is not open to this address (config: ingest.cdn_from)", code)

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Pass on."""
        await self._session.audio(timestamp_ms, payload)

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        """Pass on."""
        await self._session.video(timestamp_ms, payload)

    async def metadata(self, timestamp_ms: int, values: dict[str, amf0.Value]) -> None:
        """Pass on."""
        await self._session.metadata(timestamp_ms, values)

    async def ended(self, orderly: bool, reason: str) -> None:
        """Pass on."""
        await self._session.ended(orderly, reason)
