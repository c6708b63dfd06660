"""WHIP: the offer of somebody who wants to publish into a room becomes a session (RFC 9725, spec/05 section 4)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.routing import Route

from tailrace import supervise
from tailrace.config import WebRtc
from tailrace.errors import ParameterInvalid, StreamTaken
from tailrace.ids import Stream
from tailrace.ingest.admission import WEB_V1, WEB_V2, admit
from tailrace.ingest.room import Lobby
from tailrace.ingest.signaling import Ask, Session, Signaling
from tailrace.ingest.webrtc_publisher import WebRtcPublisher
from tailrace.model.presence import Role
from tailrace.net.webrtc.udp import Endpoint
from tailrace.wire.publishing import choose
from tailrace.wire.rtp.receiver import ReceivedTrack
from tailrace.wire.sdp import answer, parse_offer
from tailrace.wire.whip import Family

V2: Final = "/v2/pub/{app}"
V1: Final = "/v1/push"
_CODECS: Final = ("h264", "vp8")


@dataclass(frozen=True, slots=True)
class Whip:
    """Lets publishers in. Their sessions run in `group`."""

    lobby: Lobby
    endpoint: Endpoint
    signaling: Signaling
    settings: WebRtc
    group: asyncio.TaskGroup

    def routes(self) -> list[Route]:
        """Return the routes of both address families."""
        return self.signaling.routes(V2, V1, self.open)

    async def open(self, ask: Ask) -> tuple[str, Session]:
        """Return the answer to an offer, and the session that it leads to. Raises TailraceErrors as signaling says."""
        v1 = ask.family is Family.V1
        stream = admit(self.lobby.apps, ask.name, ask.fields, self.lobby.clock.unix(), WEB_V1 if v1 else WEB_V2)
        prefer_vp8 = v1 and _preferred(ask) == "vp8"
        if v1:
            await self._check_free(stream)
        offer = parse_offer(ask.offer)
        accepted = choose(offer, prefer_vp8=prefer_vp8)
        peer = await self.endpoint.peer((stream.room.app, stream.user))
        try:
            publisher = WebRtcPublisher(
                self.lobby,
                stream,
                peer,
                offer,
                [
                    ReceivedTrack(media.kind, said.codecs, said.rtx, said.extensions)
                    for media, said in zip(offer.media, accepted, strict=True)
                    if said
                ],
                keyframe_interval=self.settings.keyframe_interval,
            )
            await publisher.enter(ask.peer, offer)
        except BaseException:
            peer.close()
            raise
        supervise.start(self.group, self._run(publisher), f"WHIP session of {stream.token}")
        return answer(offer, accepted, peer.local), publisher

    async def _run(self, publisher: WebRtcPublisher) -> None:
        try:
            await supervise.contain(publisher.run(), f"WHIP session of {publisher.member.stream.token}")
        finally:
            self.signaling.sessions.discard(publisher)

    async def _check_free(self, stream: Stream) -> None:
        """Raise StreamTaken: v1 has a status for a stream that is there already, while v2 replaces it."""
        role = Role(stream.type.value)
        if await self.lobby.stays.rooms.get(stream.room, stream.user, role) is not None:
            raise StreamTaken("this stream is published already; end that session first, or use /v2, which replaces it")


def _preferred(ask: Ask) -> str:
    preferred = ask.fields.get("prefervcodec", "h264").lower()
    if preferred not in _CODECS:
        raise ParameterInvalid("prefervcodec", "must be h264 or vp8")
    return preferred
