"""Outgoing: one track that is sent to one viewer: headers, numbers, what can be sent again, and its sender report.

Sources: RFC 3550 5.1 and 6.4.1, RFC 8285 4.2 (extensions), RFC 4588 (RTX), RFC 9143 15 (mid).

The only header extension is mid. Those by which the rate of a line is estimated (abs-send-time, transport-wide numbers)
are left out: a stream is passed through as it is, so there is no rate to choose.
"""

import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tailrace.ids import Kind
from tailrace.unit import Codec
from tailrace.wire.rtp.rtcp import SenderReport

CLOCK_HZ = {Kind.VIDEO: 90_000, Kind.AUDIO: 48_000}

# Sent packets that can still be asked for: 3 s of a 3 Mbit/s stream. Their payloads are shared by all viewers.
_HISTORY = 1024
# A viewer asks again for what did not come within a round trip. What it asks for faster than that is on its way.
_AGAIN_AFTER = 0.02
_NEVER = float("-inf")
_HEADER = struct.Struct(">BBHII")
_VERSION, _EXTENDED, _MARKER = 0x80, 0x10, 0x80
# The one-byte form of extensions (RFC 8285 4.2): ids up to 14, values of 1 to 16 bytes.
_ONE_BYTE_FORM, _LAST_ID, _LONGEST = 0xBEDE, 14, 16


@dataclass(frozen=True, slots=True)
class SentTrack:
    """What was agreed on for one track.

    `payload_types` has each codec that the viewer takes; `rtx` the payload type for packets sent again, by that of the
    first time. `mid_id` is the id of the header extension for `mid`, 0 when there is none. `sequence` and `timestamp`
    are where the track begins, at random (RFC 3550 5.1).
    """

    kind: Kind
    mid: str
    ssrc: int
    payload_types: Mapping[Codec, int]
    sequence: int
    timestamp: int
    rtx_ssrc: int = 0
    rtx: Mapping[int, int] = field(default_factory=dict)
    mid_id: int = 0


@dataclass(slots=True)
class _Sent:
    payload_type: int
    marker: bool
    timestamp: int
    payload: bytes
    again_at: float


class Outgoing:
    """Makes the packets of one track. Times of media are microseconds, `now` is in seconds of the same clock."""

    def __init__(self, track: SentTrack) -> None:
        self.track = track
        self.packets = self.octets = 0
        self._clock_hz = CLOCK_HZ[track.kind]
        self._sequence = track.sequence & 0xFFFF
        self._rtx_sequence = (track.sequence ^ 0x5555) & 0xFFFF
        self._history: OrderedDict[int, _Sent] = OrderedDict()
        self._extensions = _extensions(track.mid_id, track.mid.encode())

    def timestamp(self, time_us: int) -> int:
        """Return the time on the track's clock, not wrapped to its 32 bits."""
        return self.track.timestamp + time_us * self._clock_hz // 1_000_000

    def packet(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> bytes:
        """Return the next packet, and remember it."""
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        self._history[sequence] = _Sent(payload_type, marker, timestamp, payload, _NEVER)
        if len(self._history) > _HISTORY:
            self._history.popitem(last=False)
        return self._write(payload_type, marker, sequence, timestamp, self.track.ssrc, payload)

    def again(self, sequence: int, now: float) -> bytes | None:
        """Return a packet that was sent before, as RTX when that was agreed on; None when it is not to be had."""
        sent = self._history.get(sequence)
        if sent is None or now - sent.again_at < _AGAIN_AFTER:
            return None
        sent.again_at = now
        rtx_type = self.track.rtx.get(sent.payload_type)
        if rtx_type is None or not self.track.rtx_ssrc:
            return self._write(sent.payload_type, sent.marker, sequence, sent.timestamp, self.track.ssrc, sent.payload)
        number, self._rtx_sequence = self._rtx_sequence, (self._rtx_sequence + 1) & 0xFFFF
        payload = sequence.to_bytes(2, "big") + sent.payload
        return self._write(rtx_type, sent.marker, number, sent.timestamp, self.track.rtx_ssrc, payload)

    def report(self, now: float, ntp: int) -> SenderReport:
        """Return the sender report: `now` is the moment `ntp`, 32.32 bits of seconds since 1900."""
        rtp = self.timestamp(round(now * 1_000_000)) & 0xFFFFFFFF
        return SenderReport(self.track.ssrc, ntp, rtp, self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)

    def _write(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
    ) -> bytes:
        first = _VERSION | (_EXTENDED if self._extensions else 0)
        second = payload_type | (_MARKER if marker else 0)
        return _HEADER.pack(first, second, sequence, timestamp & 0xFFFFFFFF, ssrc) + self._extensions + payload


def _extensions(identifier: int, mid: bytes) -> bytes:
    if not (0 < identifier <= _LAST_ID and 0 < len(mid) <= _LONGEST):
        return b""
    item = bytes((identifier << 4 | len(mid) - 1,)) + mid
    item += bytes(-len(item) % 4)
    return struct.pack(">HH", _ONE_BYTE_FORM, len(item) // 4) + item
