"""Pictures: the packets of a picture track, in order and with holes, become whole frames that can be decoded.

After a hole it is not known where a picture begins until a payload says so, or a marker or another timestamp shows it;
and nothing can be decoded before the next key frame. So what comes in between is left out, and `wanted` is set.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from tailrace.errors import PeerError
from tailrace.unit import Codec
from tailrace.wire import sdp
from tailrace.wire.rtp.frame import Frame, Frames
from tailrace.wire.rtp.h264_frames import H264Frames
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.vp8_frames import Vp8Frames

Where = Enum("Where", "BETWEEN INSIDE TORN UNKNOWN")

Timed = tuple[int, Frame]
_NOTHING: Sequence[Timed] = ()


class Pictures:
    """`wanted`: a key frame is to be asked for. `waits`: nothing before a key frame can be used. `left_out` counts
    frames that were not passed on, `malformed` payloads that are none."""

    def __init__(self, codecs: Mapping[int, sdp.Codec]) -> None:
        self.wanted = False
        self.waits = True
        self.left_out = self.malformed = 0
        self.codec: Codec | None = None  # of what came last
        self._codecs = codecs
        self._payload_type = -1
        self._frames: Frames = Vp8Frames()
        self._where = Where.UNKNOWN
        self._timestamp = 0
        self._left_out_timestamp = -1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the last key frame; zeros before."""
        return self._frames.width, self._frames.height

    def begins_key(self, packet: Packet) -> bool:
        """Return whether a key frame surely begins with this packet."""
        return packet.payload_type == self._payload_type and self._frames.begins_key(packet.payload)

    def hole(self) -> None:
        """Packets are missing here for good."""
        if self._where is Where.INSIDE:
            self._leave_out()
        self._frames.reset()
        self._where = Where.UNKNOWN
        self.waits = self.wanted = True

    def take(self, packet: Packet) -> Sequence[Timed]:
        """Return the frames that are whole with this packet, mostly none or one, with their timestamps."""
        payload = packet.payload
        if not payload:  # padding, which a sender probes the network with
            return _NOTHING
        if packet.payload_type != self._payload_type:
            self._change(packet.payload_type)
        done: Sequence[Timed] = _NOTHING
        if packet.timestamp != self._timestamp:
            if self._where is Where.INSIDE:  # a sender that sets no markers
                done = self._finish()
            elif self._where is Where.TORN:
                self._where = Where.BETWEEN
            self._timestamp = packet.timestamp
        if self._where is Where.UNKNOWN:
            self._where = Where.INSIDE if self._frames.begins(payload) else Where.TORN
        elif self._where is Where.BETWEEN:
            self._where = Where.INSIDE
        if self._where is Where.INSIDE:
            try:
                self._frames.push(payload)
            except PeerError:
                self._tear()
        if not packet.marker:
            return done
        if self._where is Where.INSIDE:
            return (*done, *self._finish()) if done else self._finish()
        self._leave_out()
        self._where = Where.BETWEEN
        return done

    def _change(self, payload_type: int) -> None:
        """Begin with the first codec, or another one, which has nothing to do with what was before."""
        if self._payload_type >= 0:
            self.hole()
        codec = self._codecs[payload_type]
        self._payload_type = payload_type
        if codec.name == "H264":
            self.codec, self._frames = Codec.H264, H264Frames(codec.fmtp)
        else:
            self.codec, self._frames = Codec.VP8, Vp8Frames()

    def _leave_out(self) -> None:
        """Count the frame, once, whatever of it came."""
        if self._timestamp != self._left_out_timestamp:
            self._left_out_timestamp = self._timestamp
            self.left_out += 1

    def _tear(self) -> None:
        self.malformed += 1
        self._frames.reset()
        self._where = Where.TORN
        self.waits = self.wanted = True

    def _finish(self) -> Sequence[Timed]:
        self._where = Where.BETWEEN
        try:
            frame = self._frames.finish()
        except PeerError:
            self._tear()
            self._where = Where.BETWEEN
            self._leave_out()
            return _NOTHING
        if frame is None:
            return _NOTHING
        if frame.key:
            self.waits = self.wanted = False
        elif self.waits:
            self.wanted = True
            self._leave_out()
            return _NOTHING
        return ((self._timestamp, frame),)
