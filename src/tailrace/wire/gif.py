"""GIF: what is in a file, found without decoding it, so that a bomb is known before it goes off (GIF89a)."""

from dataclasses import dataclass
from typing import Final

from tailrace.errors import PeerError

SIGNATURES: Final = (b"GIF87a", b"GIF89a")
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL: Final = 0xF9
# Browsers play a frame of 0 or 10 ms for 100 ms: such files come from times when no computer was faster.
_SHORTEST_MS: Final = 20
_USUAL_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Gif:
    """Size in pixels, and how long each frame is shown."""

    width: int
    height: int
    durations_ms: tuple[int, ...]


def scan(data: bytes, max_frames: int) -> Gif:
    """Read the blocks of a GIF. Raises PeerError: cut short, no frames, too many, or one larger than the picture."""
    reader = _Reader(data)
    if reader.take(6) not in SIGNATURES:
        raise PeerError("a GIF begins with its version")
    width, height = reader.number(), reader.number()
    reader.colours(reader.take(3)[0])
    durations: list[int] = []
    delay_ms = 0
    # A file that ends after a whole frame, without the trailer, is shown by everybody.
    while not (durations and reader.ended) and (block := reader.take(1)[0]) != _TRAILER:
        if block == _EXTENSION:
            label = reader.take(1)[0]
            content = reader.blocks(4)
            if label == _GRAPHIC_CONTROL and len(content) == 4:
                delay_ms = 10 * int.from_bytes(content[1:3], "little")
        elif block == _IMAGE:
            left, top, across, down = (reader.number() for _ in range(4))
            if left + across > width or top + down > height:
                raise PeerError("a frame of the GIF is larger than its picture")
            reader.colours(reader.take(1)[0])
            reader.take(1)  # the code size of the compression
            reader.blocks(0)
            durations.append(delay_ms if delay_ms >= _SHORTEST_MS else _USUAL_MS)
            delay_ms = 0
            if len(durations) > max_frames:
                raise PeerError(f"the GIF has more than {max_frames} frames")
        else:
            raise PeerError(f"a block of the GIF has the unknown kind {block}")
    if not durations:
        raise PeerError("the GIF has no frames")
    return Gif(width, height, tuple(durations))


class _Reader:
    """Walks through the bytes; raises PeerError where they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) < count:
            raise PeerError("the GIF is cut short")
        self._at += count
        return piece

    def number(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def colours(self, flags: int) -> None:
        """Pass a table of colours, if there is one."""
        if flags & 0x80:
            self.take(3 << (flags & 7) + 1)

    def blocks(self, keep: int) -> bytes:
        """Pass sub-blocks up to the empty one that ends them; return at most `keep` bytes of the first."""
        kept = b""
        while size := self.take(1)[0]:
            content = self.take(size)
            kept = kept or content[:keep]
        return kept
