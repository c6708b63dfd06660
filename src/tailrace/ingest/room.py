"""Room: a publisher as a member of a room, whatever it publishes over; subscribers get a start from here."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tailrace.bus.connection import Bus
from tailrace.bus.media import Publisher
from tailrace.bus.outbox import Outbox
from tailrace.bus.services import Service
from tailrace.bus.starts import serve_starts
from tailrace.clock import Clock
from tailrace.config import App
from tailrace.errors import BusError
from tailrace.ids import Kind, SdkAppId, Stream
from tailrace.ingest.stay import Connection, Stay, Stays
from tailrace.ingest.tally import Tally
from tailrace.model.group import Group
from tailrace.model.presence import Exit, Presence, Role
from tailrace.unit import Unit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lobby:
    """What a publisher needs to enter a room."""

    bus: Bus
    outbox: Outbox
    apps: Mapping[SdkAppId, App]
    stays: Stays
    clock: Clock
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a publisher publishes, as far as its set-up data says. Width and height in pixels, 0 when not known."""

    audio: bool = False
    video: bool = False
    width: int = 0
    height: int = 0


def _nothing() -> None:
    """Ask for nothing: RTMP has no way to ask a publisher for a key frame."""


class Member:
    """One publisher, from `enter` until `leave` or `lose`. Others see it in the room from its first unit on.

    `session` goes into its units. `tracks` is announced: set it before the unit that brings a change.
    """

    def __init__(self, lobby: Lobby, stream: Stream, via: str, connection: Connection) -> None:
        now = lobby.clock.unix()
        self.stream = stream
        self.session = int(now * 1_000_000)
        self.tracks = Tracks()
        self._lobby = lobby
        self._via = via
        self._connection = connection
        self._group = Group[Unit]()
        self._media = Publisher(lobby.outbox, stream)
        self._flows = (lobby.tally.flow(via, Kind.AUDIO), lobby.tally.flow(via, Kind.VIDEO))
        self._counted = False
        self._starts: Service | None = None
        self._stay: Stay | None = None
        self._heard = self._seen = False
        self._announced: tuple[Tracks, bool, bool] | None = None

    async def enter(self, peer: str, want_key_frame: Callable[[], None] = _nothing) -> None:
        """Begin to answer requests for a start. Raises BusError.

        `peer` is its address, for the log; `want_key_frame` is called for a request that comes while no key frame is
        held.
        """

        def give() -> Sequence[Unit]:
            if not self._group.open:
                want_key_frame()
            return self._group.items

        self._starts = await serve_starts(self._lobby.bus, self.stream, give)
        self._lobby.tally.publishers[self._via] += 1
        self._counted = True
        _log.info("publisher accepted", extra={"stream": self.stream.token, "peer": peer, "via": self._via})

    def publish(self, unit: Unit) -> None:
        """Send a unit to all who relay or watch, and keep it for those who come later."""
        video = unit.codec.is_video
        self._group.add(unit, len(unit.payload) + len(unit.config), video=video, key=unit.key)
        self._media.publish(unit)
        flow = self._flows[video]
        flow.units += 1
        flow.bytes += len(unit.payload)
        self._seen |= video
        self._heard |= not video
        # With the first unit the set-up data of both tracks is usually there: publishers send it before any media.
        if self._announced != (facts := (self.tracks, self._heard, self._seen)):
            self._announced = facts
            self._announce()

    async def leave(self, why: Exit) -> None:
        """Leave the room at once."""
        await self._close_starts()
        if self._stay is not None:
            await self._stay.end(why)

    async def lose(self) -> None:
        """Leave the room once the time of a publisher who vanished is over, unless it comes back before."""
        await self._close_starts()
        if self._stay is not None:
            self._stay.lose()

    async def _close_starts(self) -> None:
        if self._counted:
            self._counted = False
            self._lobby.tally.publishers[self._via] -= 1
            self._lobby.tally.dropped_units += self._media.dropped
        try:
            if self._starts is not None:
                await self._starts.close()
        except BusError as error:
            _log.warning("starts not closed", extra={"stream": self.stream.token, "error": str(error)})

    def _announce(self) -> None:
        tracks = self.tracks
        presence = Presence(
            self.stream.room,
            self.stream.user,
            Role(self.stream.type.value),
            self.session,
            since=self.session / 1_000_000,
            via=self._via,
            audio=tracks.audio,
            video=tracks.video,
            width=tracks.width,
            height=tracks.height,
            heard=self._heard,
            seen=self._seen,
        )
        if self._stay is None:
            self._stay = self._lobby.stays.begin(presence, self._connection)
        else:
            self._stay.update(presence)
