"""RTP as a browser would send it: payloads of frames, and a track that numbers and times them."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tailrace.wire import sdp
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.receiver import TRANSPORT_WIDE, ReceivedTrack

VIDEO_PT, RTX_PT, VP8_PT, AUDIO_PT = 96, 97, 98, 111
VIDEO_SSRC, RTX_SSRC, AUDIO_SSRC = 0x1111, 0x1112, 0x2222
TRANSPORT_ID = 3
# 640x480 constrained baseline, as x264 writes it.
SPS = bytes.fromhex("6742c01eda0280f684000003000400000300f03c58ba80")
PPS = bytes.fromhex("68ce0fc8")

H264 = sdp.Codec(VIDEO_PT, "H264", 90_000, 1, {"packetization-mode": "1"}, ("nack", "nack pli", "transport-cc"))
VP8 = sdp.Codec(VP8_PT, "VP8", 90_000, 1, {}, ("nack", "nack pli", "transport-cc"))
OPUS = sdp.Codec(AUDIO_PT, "opus", 48_000, 2, {"minptime": "10"}, ("transport-cc",))
PICTURE = ReceivedTrack(sdp.Kind.VIDEO, (H264, VP8), {RTX_PT: VIDEO_PT}, {TRANSPORT_ID: TRANSPORT_WIDE})
SOUND = ReceivedTrack(sdp.Kind.AUDIO, (OPUS,), {}, {TRANSPORT_ID: TRANSPORT_WIDE})


def h264_payloads(units: Sequence[bytes], limit: int = 1200) -> Iterator[bytes]:
    """Yield the payloads of an access unit as browsers cut it: SPS and PPS in a STAP-A, large NAL units in FU-As."""
    sets = [unit for unit in units if unit[0] & 31 in (7, 8)]
    if sets:
        yield bytes((0x78,)) + b"".join(struct.pack(">H", len(unit)) + unit for unit in sets)
    for unit in units:
        if unit in sets:
            continue
        if len(unit) <= limit:
            yield unit
            continue
        body = unit[1:]
        pieces = [body[at : at + limit] for at in range(0, len(body), limit)]
        for index, piece in enumerate(pieces):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
            yield bytes((unit[0] & 0xE0 | 28, edge | unit[0] & 31)) + piece


def vp8_payloads(frame: bytes, limit: int = 1200, picture_id: int = 0) -> Iterator[bytes]:
    """Yield the payloads of a VP8 frame with a picture id of 15 bits, as browsers write it."""
    for at in range(0, len(frame), limit):
        start = 0x10 if at == 0 else 0
        yield bytes((0x80 | start, 0x80)) + struct.pack(">H", 0x8000 | picture_id & 0x7FFF) + frame[at : at + limit]


def vp8_frame(number: int, key: bool, size: int = 40) -> bytes:
    """Return something that has the header of a VP8 frame, of 640x480, and says its number."""
    body = struct.pack(">I", number) + bytes(size)
    if key:
        return b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480) + body
    return b"\x11\x02\x00" + body


@dataclass
class SentTrack:
    """One source: gives its packets their numbers. `sequence` and `timestamp` are of the next one."""

    payload_type: int = VIDEO_PT
    ssrc: int = VIDEO_SSRC
    sequence: int = 1000
    history: dict[int, Packet] = field(default_factory=dict)

    def packets(self, payloads: Iterable[bytes], timestamp: int, marker: bool = True) -> list[Packet]:
        """Return the packets of one frame, the last of which has the marker."""
        made = []
        all_payloads = list(payloads)
        for index, payload in enumerate(all_payloads):
            last = marker and index == len(all_payloads) - 1
            packet = Packet(self.payload_type, last, self.sequence, timestamp % (1 << 32), self.ssrc, payload)
            self.history[self.sequence] = packet
            self.sequence = (self.sequence + 1) & 0xFFFF
            made.append(packet)
        return made


def again(packet: Packet, sequence: int) -> Packet:
    """Return the retransmission of a packet (RFC 4588) under a number of the retransmission's own."""
    payload = struct.pack(">H", packet.sequence) + packet.payload
    return Packet(RTX_PT, packet.marker, sequence, packet.timestamp, RTX_SSRC, payload)
