"""VP8 pictures of RTP payloads: RFC 7741 (payload descriptor), RFC 6386 9.1 (frame header)."""

from tailrace.errors import PeerError
from tailrace.wire.rtp.frame import MAX_FRAME_BYTES, Frame

# RFC 7741 4.2, the first byte and the byte of extensions.
_EXTENDED, _START, _PARTITION = 0x80, 0x10, 0x07
_PICTURE_ID, _TL0, _TEMPORAL, _KEY_INDEX = 0x80, 0x40, 0x20, 0x10
_LONG_PICTURE_ID = 0x80
# RFC 6386 9.1: the lowest bit of a frame is 0 on a key frame, which has a start code after its first three bytes.
_NOT_KEY = 1
_START_CODE = b"\x9d\x01\x2a"
_KEY_HEADER_BYTES = 10


class Vp8Frames:
    """Makes VP8 frames. One layer in space; layers in time are passed on as they come."""

    def __init__(self) -> None:
        self.width = self.height = 0
        self._begun = bytearray()  # one object, however many packets somebody makes of a picture

    def begins(self, payload: bytes) -> bool:
        """Return whether it is the start of the first partition."""
        return bool(payload) and payload[0] & (_START | _PARTITION) == _START

    def begins_key(self, payload: bytes) -> bool:
        """Return whether it is the start of a key frame."""
        try:
            at = _descriptor_size(payload)
        except PeerError:
            return False
        return self.begins(payload) and not payload[at] & _NOT_KEY

    def push(self, payload: bytes) -> None:
        """Take the next payload."""
        at = _descriptor_size(payload)
        if not self._begun and not self.begins(payload):
            raise PeerError("VP8 frame without its first packet")
        if len(self._begun) + len(payload) - at > MAX_FRAME_BYTES:
            raise PeerError(f"VP8 frame of more than {MAX_FRAME_BYTES} bytes")
        self._begun += payload[at:]

    def finish(self) -> Frame | None:
        """Return the frame; a key frame tells its size."""
        data = bytes(self._begun)
        self.reset()
        if not data:
            return None
        key = not data[0] & _NOT_KEY
        if key:
            if len(data) < _KEY_HEADER_BYTES or data[3:6] != _START_CODE:
                raise PeerError("VP8 key frame without its start code")
            # 14 bits each; the upper two tell a player to scale.
            self.width = int.from_bytes(data[6:8], "little") & 0x3FFF
            self.height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return Frame(key, b"", data)

    def reset(self) -> None:
        """Forget what was begun."""
        self._begun = bytearray()


def _descriptor_size(payload: bytes) -> int:
    """Return where the frame's bytes begin, of which there is at least one."""
    size = len(payload)
    at = 1
    if size > 1 and payload[0] & _EXTENDED:
        extensions = payload[1]
        at = 2
        if extensions & _PICTURE_ID:
            at += 2 if size > 2 and payload[2] & _LONG_PICTURE_ID else 1
        if extensions & _TL0:
            at += 1
        if extensions & (_TEMPORAL | _KEY_INDEX):
            at += 1
    if at >= size:
        raise PeerError("VP8 payload is not longer than its descriptor")
    return at
