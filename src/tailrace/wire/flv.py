"""FLV: tag bodies (which RTMP carries too), tags and files <-> values. Source: Adobe Flash Video File Format 10.1.

Only H.264 and AAC are carried. What else a tag may hold is recognised, so that the refusal names the codec: the legacy
codec numbers, and enhanced RTMP's four-letter codes.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from tailrace.errors import PeerError

_AVC = 7
_AAC = 10
# Sound flags of AAC: 44 kHz, 16 bit, stereo, whatever the real ones are; a decoder reads AudioSpecificConfig instead.
_AAC_FLAGS = 0xAF
_KEY_FRAME = 1
_INFO_FRAME = 5
_EXTENDED_VIDEO = 0x80
_EXTENDED_AUDIO = 9

_VIDEO_CODECS = {2: "Sorenson H.263", 3: "Screen video", 4: "VP6", 5: "VP6 with alpha", 6: "Screen video 2", 12: "HEVC"}
_AUDIO_CODECS = {
    0: "PCM", 1: "ADPCM", 2: "MP3", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser",
    7: "G.711 A-law", 8: "G.711 mu-law", 11: "Speex", 13: "Opus", 14: "MP3", 15: "device-specific sound",
}  # fmt: skip
_FOUR_CC = {b"hvc1": "HEVC", b"av01": "AV1", b"vp09": "VP9", b"vp08": "VP8", b"avc1": "H.264 in enhanced RTMP",
            b"Opus": "Opus", b"fLaC": "FLAC", b"ac-3": "AC-3", b"ec-3": "E-AC-3", b".mp3": "MP3",
            b"mp4a": "AAC in enhanced RTMP"}  # fmt: skip

_VIDEO_HEADER = struct.Struct(">BBHB")
FILE_HEADER_BYTES = 13
_TAG_HEADER = struct.Struct(">BBHHBBHB")
_TAG_HEADER_BYTES = 11


class TagType(IntEnum):
    """What a tag holds; RTMP's message types have the same numbers."""

    AUDIO = 8
    VIDEO = 9
    SCRIPT = 18


class AvcPacket(IntEnum):
    """What the body of an H.264 tag is: AVCDecoderConfigurationRecord, NAL units, or the end of the sequence."""

    CONFIG = 0
    UNITS = 1
    END = 2


@dataclass(slots=True)
class VideoBody:
    """Body of an H.264 video tag. `composition_ms` is pts minus dts; `data` is what `packet` says."""

    packet: AvcPacket
    key: bool
    composition_ms: int
    data: bytes

    def encode(self) -> bytes:
        """Return the tag body."""
        first = (_KEY_FRAME if self.key else 2) << 4 | _AVC
        time = self.composition_ms & 0xFFFFFF
        return _VIDEO_HEADER.pack(first, self.packet, time >> 8, time & 0xFF) + self.data


@dataclass(slots=True)
class AudioBody:
    """Body of an AAC audio tag: an AudioSpecificConfig when `config`, else one raw AAC frame."""

    config: bool
    data: bytes

    def encode(self) -> bytes:
        """Return the tag body."""
        return bytes((_AAC_FLAGS, 0 if self.config else 1)) + self.data


def parse_video(body: bytes) -> VideoBody | None:
    """Read a video tag's body; None for a command frame, which holds no picture. PeerError names any other codec."""
    if not body:
        raise PeerError("video tag without a body")
    first = body[0]
    if first & _EXTENDED_VIDEO:
        raise _refused_four_cc("video", body[1:5])
    if first >> 4 == _INFO_FRAME:
        return None
    if first & 15 != _AVC:
        raise _refused("video", _VIDEO_CODECS.get(first & 15, f"codec {first & 15}"), "H.264")
    if len(body) < _VIDEO_HEADER.size:
        raise PeerError("video tag ends in its header")
    _, packet, high, low = _VIDEO_HEADER.unpack_from(body)
    if packet > AvcPacket.END:
        raise PeerError(f"H.264 packet type {packet} does not exist")
    time = high << 8 | low
    composition_ms = time - 0x1000000 if time & 0x800000 else time
    return VideoBody(AvcPacket(packet), first >> 4 == _KEY_FRAME, composition_ms, body[_VIDEO_HEADER.size :])


def parse_audio(body: bytes) -> AudioBody:
    """Read an audio tag's body. PeerError names any codec but AAC."""
    if not body:
        raise PeerError("audio tag without a body")
    codec = body[0] >> 4
    if codec == _EXTENDED_AUDIO:
        raise _refused_four_cc("audio", body[1:5])
    if codec != _AAC:
        raise _refused("audio", _AUDIO_CODECS.get(codec, f"codec {codec}"), "AAC")
    if len(body) < 2:
        raise PeerError("audio tag ends in its header")
    if body[1] > 1:
        raise PeerError(f"AAC packet type {body[1]} does not exist")
    return AudioBody(body[1] == 0, body[2:])


def _refused(track: str, codec: str, wanted: str) -> PeerError:
    return PeerError(f"{track} codec {codec} is not supported here; publish {wanted}")


def _refused_four_cc(track: str, code: bytes) -> PeerError:
    name = _FOUR_CC.get(code, "of enhanced RTMP" + (f" {code.decode()!r}" if code.isalnum() and code.isascii() else ""))
    return _refused(track, name, "H.264" if track == "video" else "AAC")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a file. `timestamp_ms` is unsigned, 32 bits."""

    type: TagType
    timestamp_ms: int
    body: bytes


def is_setup(tag: Tag) -> bool:
    """Return whether it holds a decoder's set-up data. Raises PeerError."""
    match tag.type:
        case TagType.VIDEO:
            video = parse_video(tag.body)
            return video is not None and video.packet is AvcPacket.CONFIG
        case TagType.AUDIO:
            return parse_audio(tag.body).config
        case _:
            return False


def file_header(*, audio: bool, video: bool) -> bytes:
    """Return the file header and the first (empty) back pointer."""
    return b"FLV\x01" + bytes((audio << 2 | video,)) + b"\x00\x00\x00\x09" + bytes(4)


def encode_tag(kind: int, timestamp_ms: int, body: bytes) -> bytes:
    """Return one tag with the back pointer that follows it; `kind` is a TagType."""
    size, time = len(body), timestamp_ms & 0xFFFFFFFF
    header = _TAG_HEADER.pack(kind, size >> 16, size & 0xFFFF, time >> 8 & 0xFFFF, time & 0xFF, time >> 24, 0, 0)
    return b"".join((header, body, (size + _TAG_HEADER_BYTES).to_bytes(4, "big")))


class Reader:
    """Reads a file that arrives in pieces. `audio` and `video` are the header's flags once it has come."""

    def __init__(self) -> None:
        self.audio = self.video = False
        self._rest = bytearray()
        self._header_read = False

    def receive(self, data: bytes) -> list[Tag]:
        """Return the tags that `data` completes. Raises PeerError if this is not FLV."""
        rest = self._rest
        rest += data
        if not self._header_read:
            if not b"FLV\x01".startswith(rest[:4]):
                raise PeerError("not an FLV file")
            if len(rest) < FILE_HEADER_BYTES:
                return []
            if int.from_bytes(rest[5:9], "big") != FILE_HEADER_BYTES - 4:
                raise PeerError("FLV header of an unknown length")
            self.audio, self.video = bool(rest[4] & 4), bool(rest[4] & 1)
            self._header_read = True
            del rest[:FILE_HEADER_BYTES]
        tags = []
        at = 0
        # A tag's length has 24 bits, so what is buffered stays below 16 MiB and one piece.
        while len(rest) - at >= _TAG_HEADER_BYTES:
            kind, high, low, time_high, time_low, extension, _, _ = _TAG_HEADER.unpack_from(rest, at)
            end = at + _TAG_HEADER_BYTES + (high << 16 | low)
            if len(rest) < end + 4:
                break
            if kind not in (TagType.AUDIO, TagType.VIDEO, TagType.SCRIPT):
                raise PeerError(f"FLV tag type {kind} does not exist")
            timestamp_ms = extension << 24 | time_high << 8 | time_low
            tags.append(Tag(TagType(kind), timestamp_ms, bytes(rest[at + _TAG_HEADER_BYTES : end])))
            if int.from_bytes(rest[end : end + 4], "big") != end - at:
                raise PeerError("FLV back pointer does not match its tag")
            at = end + 4
        del rest[:at]
        return tags
