"""WebRTC publisher: what a browser sends over its peer goes into the room that it was admitted to."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from tailrace.errors import PeerError
from tailrace.ids import Stream
from tailrace.ingest.room import Lobby, Member, Tracks
from tailrace.ingest.webrtc_session import WebRtcSession
from tailrace.model.presence import Exit
from tailrace.unit import Unit
from tailrace.wire.rtp.receiver import ReceivedTrack, Receiver
from tailrace.wire.sdp import Offer

if TYPE_CHECKING:
    from tailrace.net.webrtc.peer import Closed, Peer

_log = logging.getLogger(__name__)

# How often what is missing is asked for, and what came is reported: about once a picture, so that a packet that was
# lost is back before the next picture but one.
TICK: Final = 0.03


class WebRtcPublisher:
    """One publisher: a member of the room from `enter` on, until its peer is closed, for which `run` waits.

    It is a `signaling.Session`, and to its stay in the room a `stay.Connection`.
    """

    def __init__(
        self,
        lobby: Lobby,
        stream: Stream,
        peer: "Peer",
        offer: Offer,
        tracks: Sequence[ReceivedTrack],
        *,
        keyframe_interval: float,
    ) -> None:
        """`keyframe_interval`: seconds after which a key frame is asked for at the latest; 0: only when needed."""
        self.member = Member(lobby, stream, "whip", self)
        self._tally = lobby.tally
        self._peer = peer
        self._session = WebRtcSession(peer, offer)
        self._receiver = Receiver(tracks, self.member.session, secrets.randbits(32))
        self._keyframe_interval = keyframe_interval
        self._key_at = 0.0  # monotonic: when a key frame came or was asked for
        self._tick_at = 0.0
        self._ended_here = ""  # why; empty: it is not
        self._over = asyncio.Event()

    @property
    def etag(self) -> str:
        """See signaling.Session."""
        return self._session.etag

    def patch(self, fragment: str) -> str | None:
        """See signaling.Session."""
        return self._session.patch(fragment)

    async def end(self) -> None:
        """Leave the room in order, as the publisher asked for, and return once that is done."""
        self._peer.close()
        await self._over.wait()

    def close(self, reason: str) -> None:
        """Throw the publisher out; its peer is told by DTLS, which knows no words."""
        self._ended_here = self._ended_here or reason
        self._peer.close()

    async def enter(self, address: str, offer: Offer) -> None:
        """Begin to take media. `address`: the publisher's, for the log. Raises BusError."""
        await self.member.enter(address, self._receiver.want_key_frame)
        self._peer.on_rtp = self._rtp
        self._peer.on_rtcp = self._receiver.rtcp
        self._peer.on_beat = self._beat
        self._peer.start(offer)

    async def run(self) -> None:
        """Be in the room until the peer is closed; then leave it in the way that this calls for."""
        try:
            self._key_at = time.monotonic()
            with self._tally.browser(self._receiver.figures):
                await asyncio.wait([self._peer.closed])
        finally:
            # Closed already, unless it is a fault of ours that ends it: nobody shall stay in the room by that.
            try:
                self._peer.close()
                await self._leave(self._peer.closed.result())
            finally:
                self._over.set()

    async def _leave(self, closed: "Closed") -> None:
        # With a peer there is its module, too; only this one shall not load what it takes.
        from tailrace.net.webrtc.peer import How

        orderly = closed.how is How.ORDERLY and not self._ended_here
        reason = self._ended_here or closed.reason
        _log.info("publisher ended", extra={"stream": self.member.stream.token, "orderly": orderly, "reason": reason})
        for kind, figures in self._receiver.figures().items():
            _log.debug(
                "track ended", extra={"stream": self.member.stream.token, "track": kind.value, **asdict(figures)}
            )
        if orderly:
            await self.member.leave(Exit.ITSELF)
        elif self._ended_here:
            await self.member.leave(Exit.REMOVED)
        else:
            # It is silence for `rooms.lost_after` that makes a peer a lost one: its time in the room is over by then.
            await self.member.leave(Exit.TIMEOUT)

    def _beat(self, now: float) -> None:
        if now < self._tick_at:
            return
        self._tick_at = now + TICK
        interval = self._keyframe_interval
        if interval and now - self._key_at >= interval:
            self._key_at = now
            self._receiver.want_key_frame()
        for packet in self._receiver.poll(now):
            self._peer.send_rtcp(packet)

    def _rtp(self, data: bytes, now: float) -> None:
        try:
            for unit in self._receiver.rtp(data, now):
                self._pass_on(unit, now)
        except PeerError as error:
            self.close(str(error))

    def _pass_on(self, unit: Unit, now: float) -> None:
        video, member = unit.codec.is_video, self.member
        if video and unit.key:
            self._key_at = now
        if (video and unit.key) or not (video or member.tracks.audio):
            # WebRTC has no set-up data ahead of media: a track is there once something of it is.
            receiver = self._receiver
            member.tracks = Tracks(receiver.heard, receiver.seen, *receiver.size)
        member.publish(unit)
