"""H.264 pictures of RTP payloads: RFC 6184, packetization modes 0 and 1."""

import base64
import binascii
from collections.abc import Mapping

from tailrace.errors import PeerError
from tailrace.wire import h264
from tailrace.wire.bits import BitReader
from tailrace.wire.h264 import NalType
from tailrace.wire.rtp.frame import MAX_CONFIG_BYTES, MAX_FRAME_BYTES, Frame

# RFC 6184 5.2; the other aggregates and fragments belong to the interleaved mode, which nobody offers.
_STAP_A, _FU_A = 24, 28
_FU_START, _FU_END = 0x80, 0x40
_TYPE, _NOT_TYPE = 0x1F, 0xE0
# 14496-15 5.3.3.1.2: what follows the PPS in the set-up data of High profile, which fixes it: 4:2:0, 8 bits, no more.
_HIGH, _HIGH_EXTENSION = 100, b"\xfd\xf8\xf8\x00"
# Encoders have one of each, hardware ones up to three PPS. The record could hold 31 and 255.
_MOST_SETS = 16


class H264Frames:
    """Makes access units with 4-byte lengths. SPS and PPS become set-up data on key frames, delimiters are left out.

    `parameters` are the codec's from SDP: `sprop-parameter-sets` counts as long as nothing comes in-band.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self.width = self.height = 0
        self._units = (
            bytearray()
        )  # each with its length before it; one object, however many somebody makes of a picture
        self._fragments: list[bytes] = []  # of a NAL unit that is not whole yet
        self._bytes = 0
        self._key = False
        self._in_band = False
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, bytes] = {}
        self._config = b""  # empty: to be made
        self._read_sprop(parameters.get("sprop-parameter-sets", ""))

    def begins(self, payload: bytes) -> bool:
        """Return whether a delimiter or an SPS is first, or an IDR picture whose set-up data SDP has told."""
        kind = _first_type(payload)
        if kind in (NalType.SPS, NalType.DELIMITER):
            return True
        # The first slice of a picture begins with first_mb_in_slice = 0, which is a single bit 1 (7.3.3).
        return (
            kind == NalType.IDR and not self._in_band and bool(payload[2 if payload[0] & _TYPE == _FU_A else 1] & 0x80)
        )

    def begins_key(self, payload: bytes) -> bool:
        """Return whether it begins a picture that has an SPS or is known to be an IDR picture."""
        return _first_type(payload) in (NalType.SPS, NalType.IDR) and self.begins(payload)

    def push(self, payload: bytes) -> None:
        """Take the next payload."""
        if len(payload) < 2:
            raise PeerError("H.264 payload is shorter than its header")
        self._count(len(payload))
        kind = payload[0] & _TYPE
        if kind == _FU_A:
            self._push_fragment(payload)
        elif self._fragments:
            raise PeerError("H.264 fragment without its end")
        elif 0 < kind < _STAP_A:
            self._take(payload, kind)
        elif kind == _STAP_A:
            at, end = 1, len(payload)
            while at < end:
                start = at + 2
                at = start + int.from_bytes(payload[at:start], "big")
                if start >= end or at > end or at == start:
                    raise PeerError("H.264 aggregate with a wrong length")
                self._take(payload[start:at], payload[start] & _TYPE)
        else:
            raise PeerError(f"H.264 payload of type {kind}, which was not agreed on")

    def finish(self) -> Frame | None:
        """Return the picture; on a key frame with its set-up data."""
        units, fragments, key = bytes(self._units), self._fragments, self._key
        self.reset()
        if fragments:
            raise PeerError("H.264 picture ends within a fragment")
        if not units:
            return None
        return Frame(key, self._set_up() if key else b"", units)

    def reset(self) -> None:
        """Forget what was begun; parameter sets stay."""
        self._units = bytearray()
        self._fragments = []
        self._bytes = 0
        self._key = False

    def _push_fragment(self, payload: bytes) -> None:
        head = payload[1]
        if len(payload) < 3:
            raise PeerError("H.264 fragment is shorter than its header")
        fragments = self._fragments
        if head & _FU_START:
            if fragments:
                raise PeerError("H.264 fragment without its end")
            fragments.append(bytes((payload[0] & _NOT_TYPE | head & _TYPE,)))
        elif not fragments:
            raise PeerError("H.264 fragment without its start")
        fragments.append(payload[2:])
        if head & _FU_END:
            self._fragments = []
            self._take(b"".join(fragments), head & _TYPE)

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > MAX_FRAME_BYTES:
            raise PeerError(f"H.264 picture of more than {MAX_FRAME_BYTES} bytes")

    def _take(self, unit: bytes, kind: int) -> None:
        if kind == NalType.SPS or kind == NalType.PPS:
            self._in_band = True
            self._learn(unit, kind)
        elif kind != NalType.DELIMITER:
            if kind == NalType.IDR:
                self._key = True
            # Of many small NAL units the lengths weigh more than what they came in.
            self._count(h264.LENGTH_SIZE)
            self._units += len(unit).to_bytes(h264.LENGTH_SIZE, "big")
            self._units += unit

    def _learn(self, unit: bytes, kind: int) -> None:
        """Keep a parameter set; a repeated one, which is the usual case, changes nothing."""
        known = self._sps if kind == NalType.SPS else self._pps
        if unit in known.values():
            return
        if len(unit) > MAX_CONFIG_BYTES // 4:
            raise PeerError(f"H.264 parameter set of {len(unit)} bytes")
        if kind == NalType.SPS:
            sps = h264.parse_sps(unit)
            # The id follows profile, flags and level (7.3.2.1.1).
            identifier = BitReader(unit[4:], "H.264 SPS").unsigned(31)
            self.width, self.height = sps.width, sps.height
        else:
            identifier = BitReader(unit[1:], "H.264 PPS").unsigned(255)
        known.pop(identifier, None)  # so that the newest one is last
        known[identifier] = unit
        if len(known) > _MOST_SETS:
            del known[next(iter(known))]
        self._config = b""

    def _set_up(self) -> bytes:
        if not self._config:
            if not self._sps or not self._pps:
                raise PeerError("H.264 key frame without SPS and PPS")
            *others, newest = self._sps.values()
            profile, compatibility, level = newest[1:4]
            # What reads the record takes profile and size from the first SPS.
            record = h264.AvcConfig(
                profile,
                compatibility,
                level,
                h264.LENGTH_SIZE,
                (newest, *others),
                tuple(self._pps.values()),
                _HIGH_EXTENSION if profile == _HIGH else b"",
            ).encode()
            if len(record) > MAX_CONFIG_BYTES:
                raise PeerError(f"H.264 set-up data of {len(record)} bytes")
            self._config = record
        return self._config

    def _read_sprop(self, text: str) -> None:
        """RFC 6184 8.1: parameter sets in Base64, with commas between them. Anything else is left out."""
        for part in text.split(",")[: 2 * _MOST_SETS]:
            try:
                unit = base64.b64decode(part, validate=True)
                kind = unit[0] & _TYPE if len(unit) > 1 else 0
                if kind in (NalType.SPS, NalType.PPS):
                    self._learn(unit, kind)
            except (binascii.Error, ValueError, PeerError):
                continue


def _first_type(payload: bytes) -> int:
    """Return the type of the first NAL unit that begins in this payload; 0: none does."""
    if len(payload) < 3:
        return 0
    kind = payload[0] & _TYPE
    if kind == _STAP_A:
        return payload[3] & _TYPE if len(payload) > 3 else 0
    if kind == _FU_A:
        return payload[1] & _TYPE if payload[1] & _FU_START else 0
    return kind
