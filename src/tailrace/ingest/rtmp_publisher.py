"""RTMP publisher: what an RTMP client sends goes into the room that it was admitted to."""

import logging
from collections.abc import Callable

from tailrace.errors import BusError, CallerError, PeerError, Rejected
from tailrace.ingest.admission import admit
from tailrace.ingest.intake import Intake
from tailrace.ingest.room import Lobby, Member, Tracks
from tailrace.model.presence import Exit
from tailrace.net.rtmp_server import Connection
from tailrace.unit import Unit
from tailrace.wire.rtmp import amf0
from tailrace.wire.rtmp.event import PublishRequested

_log = logging.getLogger(__name__)


class RtmpPublisher:
    """One publisher, once admitted by `enter`."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._intake = Intake(member.session)
        self._setups = 0
        self._thrown_out = False

    @classmethod
    async def enter(cls, lobby: Lobby, connection: Connection, request: PublishRequested) -> "RtmpPublisher":
        """Admit a publisher. Raises Rejected with the field at fault and the way out."""
        try:
            stream = admit(lobby.apps, request.name, request.parameters(), lobby.clock.unix())
            member = Member(lobby, stream, "rtmp", connection)
            await member.enter(connection.peer_address)
        except (CallerError, PeerError) as error:
            raise Rejected(str(error)) from error
        except BusError as error:
            _log.error("publisher turned away", extra={"error": str(error)})
            raise Rejected("the server cannot take publishers at the moment; try again") from error
        return cls(member)

    async def metadata(self, _timestamp_ms: int, _values: dict[str, amf0.Value]) -> None:
        """Ignore onMetaData: what is published is read from the set-up data, which decoders go by."""

    async def video(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish a picture. Raises PeerError to have the connection closed."""
        self._take(self._intake.video, timestamp_ms, payload)

    async def audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish a sound frame. Raises PeerError to have the connection closed."""
        self._take(self._intake.audio, timestamp_ms, payload)

    async def ended(self, orderly: bool, reason: str) -> None:
        """Leave the room: at once after an orderly end or bad media, else later, as lost publishers do."""
        token = self._member.stream.token
        _log.info("publisher ended", extra={"stream": token, "orderly": orderly, "reason": reason})
        if orderly:
            await self._member.leave(Exit.ITSELF)
        elif self._thrown_out:
            await self._member.leave(Exit.REMOVED)
        else:
            await self._member.lose()

    def _take(self, read: Callable[[int, bytes], Unit | None], timestamp_ms: int, payload: bytes) -> None:
        try:
            unit = read(timestamp_ms, payload)
        except PeerError:
            self._thrown_out = True
            raise
        if unit is not None:
            self._pass_on(unit)

    def _pass_on(self, unit: Unit) -> None:
        intake = self._intake
        if self._setups != intake.setups:
            self._setups = intake.setups
            sps = intake.sps
            self._member.tracks = Tracks(
                intake.audio_config is not None,
                sps is not None,
                sps.width if sps else 0,
                sps.height if sps else 0,
            )
        self._member.publish(unit)
