"""Room: an RTMP publisher in a room; its media goes to the bus, and subscribers get a start from here."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.bus.connection import Bus
from tailrace.bus.media import Publisher
from tailrace.bus.outbox import Outbox
from tailrace.bus.services import Service
from tailrace.bus.starts import serve_starts
from tailrace.clock import Clock
from tailrace.config import App
from tailrace.errors import BusError, CallerError, PeerError, Rejected
from tailrace.ids import SdkAppId, Stream
from tailrace.ingest.admission import admit
from tailrace.ingest.group import Group
from tailrace.ingest.intake import Intake
from tailrace.ingest.stay import Stay, Stays
from tailrace.model.presence import Exit, Presence, Role
from tailrace.net.rtmp_server import Connection
from tailrace.unit import Unit
from tailrace.wire.rtmp import amf0
from tailrace.wire.rtmp.event import PublishRequested

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lobby:
    """What a publisher needs to enter a room."""

    bus: Bus
    outbox: Outbox
    apps: Mapping[SdkAppId, App]
    stays: Stays
    clock: Clock


class RoomPublisher:
    """One publisher, once admitted by `enter`."""

    def __init__(self, lobby: Lobby, connection: Connection, stream: Stream, session: int) -> None:
        self._lobby = lobby
        self._connection = connection
        self._stream = stream
        self._session = session
        self._intake = Intake(session)
        self._group = Group[Unit]()
        self._media = Publisher(lobby.outbox, stream)
        self._starts: Service | None = None
        self._stay: Stay | None = None
        self._announced = (0, False, False)
        self._thrown_out = False

    @classmethod
    async def enter(cls, lobby: Lobby, connection: Connection, request: PublishRequested) -> "RoomPublisher":
        """Admit a publisher. Raises Rejected with the field at fault and the way out."""
        now = lobby.clock.unix()
        try:
            stream = admit(lobby.apps, request.name, request.parameters(), now)
            publisher = cls(lobby, connection, stream, session=int(now * 1_000_000))
            publisher._starts = await serve_starts(lobby.bus, stream, lambda: publisher._group.items)
        except (CallerError, PeerError) as error:
            raise Rejected(str(error)) from error
        except BusError as error:
            _log.error("publisher turned away", extra={"error": str(error)})
            raise Rejected("the server cannot take publishers at the moment; try again") from error
        _log.info("publisher accepted", extra={"stream": stream.token, "peer": connection.peer_address})
        return publisher

    async def metadata(self, _timestamp_ms: int, _values: dict[str, amf0.Value]) -> None:
        """Ignore onMetaData: what is published is read from the set-up data, which decoders go by."""

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish a picture. Raises PeerError to have the connection closed."""
        try:
            unit = self._intake.video(timestamp_ms, payload)
        except PeerError:
            self._thrown_out = True
            raise
        if unit is not None:
            self._pass_on(unit)

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish a sound frame. Raises PeerError to have the connection closed."""
        try:
            unit = self._intake.audio(timestamp_ms, payload)
        except PeerError:
            self._thrown_out = True
            raise
        if unit is not None:
            self._pass_on(unit)

    async def ended(self, orderly: bool, reason: str) -> None:
        """Leave the room: at once after an orderly end or bad media, else later, as lost publishers do."""
        _log.info("publisher ended", extra={"stream": self._stream.token, "orderly": orderly, "reason": reason})
        try:
            if self._starts is not None:
                await self._starts.close()
        except BusError as error:
            _log.warning("starts not closed", extra={"stream": self._stream.token, "error": str(error)})
        if self._stay is not None and (orderly or self._thrown_out):
            await self._stay.end(Exit.ITSELF if orderly else Exit.REMOVED)
        elif self._stay is not None:
            self._stay.lose()

    def _pass_on(self, unit: Unit) -> None:
        size = len(unit.payload) + len(unit.config)
        self._group.add(unit, size, video=unit.codec.is_video, key=unit.key)
        self._media.publish(unit)
        # With the first unit the set-up data of both tracks is usually there: publishers send it before any media.
        intake = self._intake
        if self._announced != (facts := (intake.setups, intake.heard, intake.seen)):
            self._announced = facts
            self._announce()

    def _announce(self) -> None:
        sps = self._intake.sps
        presence = Presence(
            self._stream.room,
            self._stream.user,
            Role(self._stream.type.value),
            self._session,
            since=self._session / 1_000_000,
            via="rtmp",
            audio=self._intake.audio_config is not None,
            video=sps is not None,
            width=sps.width if sps else 0,
            height=sps.height if sps else 0,
            heard=self._intake.heard,
            seen=self._intake.seen,
        )
        if self._stay is None:
            self._stay = self._lobby.stays.begin(presence, self._connection)
        else:
            self._stay.update(presence)
