"""WHEP: what browsers watch: a user of a room, or what a task makes (spec/05 section 4). Viewers are no members."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from starlette.routing import Route

from tailrace import supervise
from tailrace.bus.tasks import Tasks
from tailrace.errors import StreamUnknown, TaskNotFound
from tailrace.ids import Kind, Output, Room, Source, Stream, StreamType, TaskId, UserId
from tailrace.ingest import admission
from tailrace.ingest.room import Lobby
from tailrace.ingest.signaling import Ask, Signaling
from tailrace.ingest.viewer import Viewer
from tailrace.ingest.watching import Watched, Watching
from tailrace.ingest.webrtc_session import WebRtcSession
from tailrace.model.presence import Presence, Role
from tailrace.model.task import TaskState
from tailrace.net.webrtc.udp import Endpoint, Owner
from tailrace.wire import sdp, viewing
from tailrace.wire.rtp.sender import Sender
from tailrace.wire.whip import Family

if TYPE_CHECKING:
    from tailrace.net.webrtc.peer import Peer

_log = logging.getLogger(__name__)

V2_ROOM, V1_ROOM, V2_TASK = "/v2/sub/{app}", "/v1/play", "/v2/task/{app}"
# A stream that somebody watches already is known. Of another one the first picture and sound are waited for: RTMP
# publishers answer with theirs at once, browsers after a key frame, and a task within a picture of its output.
KNOWN_WITHIN = 3.0
# Seconds of silence after which a viewer has gone (RFC 7675 section 5.1). It holds no place that others wait for, and
# one who only listens sends little: a report now and then.
LOST_AFTER = 30.0
# TaskIds are ours, and much shorter than this.
_TASK_ID = re.compile(r"[\x21-\x7e]{1,256}")
_V1: Final = replace(admission.WEB_V1, whole="/v1/play/<streamid>?sdkappid=<n>&userid=<id>&usersig=<sig>")
_V2: Final = replace(
    admission.WEB_V2,
    whole="/v2/sub/<SDKAppID>/<streamID>?SessionID=<userid> with the header Authorization: Bearer <usersig>",
)
_V2_TASK: Final = replace(
    _V2, whole="/v2/task/<SDKAppID>/<TaskId>?SessionID=<userid> with the header Authorization: Bearer <usersig>"
)


class WhepSession:
    """One viewer over its peer, from `run` until the peer is closed. It is a `signaling.Session`."""

    def __init__(self, peer: "Peer", offer: sdp.Offer, stream: Watched, viewer: Viewer) -> None:
        self._peer = peer
        self._session = WebRtcSession(peer, offer)
        self._stream = stream
        self._viewer = viewer

    @property
    def etag(self) -> str:
        """See signaling.Session."""
        return self._session.etag

    @property
    def left_out(self) -> int:
        """How often pictures were left out because the viewer was slow."""
        return self._viewer.left_out

    def patch(self, fragment: str) -> str | None:
        """See signaling.Session."""
        return self._session.patch(fragment)

    async def end(self) -> None:
        """See signaling.Session."""
        self._peer.close()

    async def run(self) -> str:
        """Show the stream until the peer is closed; return why it was."""
        try:
            either: list[asyncio.Future[Any]] = [self._peer.connected, self._peer.closed]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self._peer.closed.done():
                self._stream.join(self._viewer)
                await asyncio.wait([self._peer.closed])
            return self._peer.closed.result().reason
        finally:
            self._stream.leave(self._viewer)
            self._peer.close()


@dataclass(frozen=True, slots=True)
class Whep:
    """Lets viewers in. Their sessions run in `group`."""

    lobby: Lobby
    endpoint: Endpoint
    signaling: Signaling
    watching: Watching
    group: asyncio.TaskGroup

    def routes(self) -> list[Route]:
        """Return the routes of both address families, and of tasks."""
        return [
            *self.signaling.routes(V2_ROOM, V1_ROOM, self.watch_room),
            *self.signaling.routes(V2_TASK, "", self.watch_task),
        ]

    async def watch_room(self, ask: Ask) -> tuple[str, WhepSession]:
        """Show a user of a room: `remoteuserid`, or who publishes there longest. Raises what `signaling` answers."""
        form = _V1 if ask.family is Family.V1 else _V2
        app, viewer = admission.identify(self.lobby.apps, ask.fields, self.lobby.clock.unix(), form)
        room = admission.room(app, ask.name, ask.fields, form)
        of = admission.stream_type(ask.fields)
        whom = await self._find(room, ask.fields.get("remoteuserid", ""), of)
        kinds = {kind for kind, there in ((Kind.AUDIO, whom.audio), (Kind.VIDEO, whom.video)) if there}
        return await self._open(ask, (app, viewer), Stream(room, whom.user, of), kinds)

    async def watch_task(self, ask: Ask) -> tuple[str, WhepSession]:
        """Show what a task of the viewer's app makes. Raises what `signaling` answers."""
        app, viewer = admission.identify(self.lobby.apps, ask.fields, self.lobby.clock.unix(), _V2_TASK)
        name = unquote(ask.name)
        stored = await Tasks(self.lobby.bus).get(app, TaskId(name)) if _TASK_ID.fullmatch(name) else None
        if stored is None or stored.record.state is TaskState.ENDED:
            raise TaskNotFound("no task of this app that is running has this TaskId")
        kinds = {Kind.AUDIO, Kind.VIDEO} if stored.record.plan.video else {Kind.AUDIO}
        return await self._open(ask, (app, viewer), Output(app, TaskId(name)), kinds)

    async def _find(self, room: Room, user: str, of: StreamType) -> Presence:
        there = [
            member
            for member in await self.lobby.stays.rooms.members(room)
            if member.role is Role(of.value) and user in ("", member.user)
        ]
        if not there:
            who = f"`remoteuserid`: {user!r} publishes no such stream" if user else "nobody publishes such a stream"
            raise StreamUnknown(f"{who} in this room")
        return min(there, key=lambda member: (member.since, member.user))

    async def _open(self, ask: Ask, owner: Owner, source: Source, kinds: Collection[Kind]) -> tuple[str, WhepSession]:
        offer = sdp.parse_offer(ask.offer)
        stream = self.watching.hold(source)
        try:
            if not await stream.known(kinds, KNOWN_WITHIN):
                raise StreamUnknown("the stream has neither sound nor pictures yet")
            cname = secrets.token_hex(8)
            accepted, tracks = viewing.choose(offer, stream.codecs.values(), stream.profile, cname, secrets.randbits)
            peer = await self.endpoint.peer(owner, LOST_AFTER)
        except BaseException:
            await self.watching.release(stream)
            raise
        sender = Sender(tracks, cname)
        seen = Viewer(sender, peer, self.lobby.clock, lambda: stream.group, self._ender(peer, source))
        peer.on_rtcp = seen.rtcp
        session = WhepSession(peer, offer, stream, seen)
        answer = sdp.answer(offer, accepted, peer.local)
        peer.start(offer)
        _, viewer = owner
        _log.info("viewer accepted", extra={"stream": source.token, "viewer": viewer, "peer": ask.peer})
        name = f"viewer {viewer} of {source.token}"
        supervise.start(self.group, supervise.contain(self._run(session, stream, viewer), name), name)
        return answer, session

    async def _run(self, session: WhepSession, stream: Watched, viewer: UserId) -> None:
        try:
            with self.lobby.tally.viewer("whep"):
                reason = await session.run()
        finally:
            self.signaling.sessions.discard(session)
            await self.watching.release(stream)
        _log.info(
            "viewer ended",
            extra={"stream": stream.source.token, "viewer": viewer, "reason": reason, "left_out": session.left_out},
        )

    def _ender(self, peer: "Peer", source: Source) -> Callable[[], None]:
        """Return what ends a session whose viewer cannot play how the stream goes on: it may come back and ask."""

        def end() -> None:
            if not peer.closed.done():
                _log.info("viewer lacks the stream's new codec", extra={"stream": source.token})
                peer.close()

        return end
