"""RTP as a browser publishes it, made of units: each packet of pictures and sound in the order of its time."""

import struct
from collections.abc import Iterable

from tailrace.unit import Unit
from tailrace.wire import sdp
from tailrace.wire.rtp import packetizer
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.receiver import TRANSPORT_WIDE, ReceivedTrack, Receiver

_VIDEO, _AUDIO, _TRANSPORT_ID = 96, 111, 3
_SOUNDS_PER_SECOND = 50
# Opus at 48 kbit/s, as a browser sends it.
_SOUND = b"\xfc" + bytes(119)
_POLL_EACH = 0.03  # as ingest does

_FEEDBACK = ("nack", "nack pli", "transport-cc")
TRACKS = (
    ReceivedTrack(
        sdp.Kind.VIDEO, (sdp.Codec(_VIDEO, "H264", 90_000, 1, {}, _FEEDBACK),), {}, {_TRANSPORT_ID: TRANSPORT_WIDE}
    ),
    ReceivedTrack(sdp.Kind.AUDIO, (sdp.Codec(_AUDIO, "opus", 48_000, 2),), {}, {_TRANSPORT_ID: TRANSPORT_WIDE}),
)

Datagrams = list[tuple[float, bytes]]


def datagrams(pictures: Iterable[Unit], seconds: float) -> Datagrams:
    """Return what a publisher of `pictures` and of Opus sends, with the seconds at which it does."""
    packets = [
        (unit.pts_us / 1e6, Packet(_VIDEO, last, 0, unit.pts_us * 9 // 100 % (1 << 32), _VIDEO, payload))
        for unit in pictures
        for payload, last in _with_last(packetizer.payloads(unit, 0))
    ]
    packets += [
        (number / _SOUNDS_PER_SECOND, Packet(_AUDIO, False, 0, number * 960, _AUDIO, _SOUND))
        for number in range(int(seconds * _SOUNDS_PER_SECOND))
    ]
    packets.sort(key=lambda timed: timed[0])
    next_sequence = {_VIDEO: 0, _AUDIO: 0}
    made = []
    for number, (at, packet) in enumerate(packets):
        packet.sequence = next_sequence[packet.payload_type] & 0xFFFF
        next_sequence[packet.payload_type] += 1
        packet.extensions = {_TRANSPORT_ID: struct.pack(">H", number & 0xFFFF)}
        made.append((at, packet.encode()))
    return made


def receive(sent: Datagrams) -> int:
    """Take them all as ingest does, with the reports that this calls for; return how many units came."""
    receiver, units, poll_at = Receiver(TRACKS, 1, 1), 0, 0.0
    for at, data in sent:
        units += len(receiver.rtp(data, at))
        if at >= poll_at:
            receiver.poll(at)
            poll_at = at + _POLL_EACH
    return units


def _with_last(payloads: list[bytes]) -> Iterable[tuple[bytes, bool]]:
    return ((payload, index == len(payloads) - 1) for index, payload in enumerate(payloads))
