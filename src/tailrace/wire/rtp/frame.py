"""Frame: one encoded picture, and what makes frames of the payloads of RTP packets."""

from dataclasses import dataclass
from typing import Protocol

from tailrace.unit import MAX_UNIT_BYTES

# What a unit needs besides its payload: set-up data and the header.
MAX_CONFIG_BYTES = 4096
MAX_FRAME_BYTES = MAX_UNIT_BYTES - MAX_CONFIG_BYTES - 64


@dataclass(slots=True)
class Frame:
    """A whole picture: payload and set-up data as in a unit."""

    key: bool
    config: bytes
    payload: bytes


class Frames(Protocol):
    """Makes frames of the payloads of one codec. `width` and `height` are what the last key frame said, or 0."""

    width: int
    height: int

    def begins(self, payload: bytes) -> bool:
        """Return whether a picture surely begins with this payload; used after a hole."""
        ...

    def begins_key(self, payload: bytes) -> bool:
        """Return whether a key frame surely begins with this payload."""
        ...

    def push(self, payload: bytes) -> None:
        """Take the next payload of the picture. Raises PeerError when it is none; then `reset`."""
        ...

    def finish(self) -> Frame | None:
        """Return the picture, None when there was only set-up data. Raises PeerError when it is not whole."""
        ...

    def reset(self) -> None:
        """Forget the picture that was begun."""
        ...
