"""Group: what a subscriber who comes now needs to start at once."""

from collections.abc import Sequence

from tailrace.unit import Unit

# The recommended group of pictures has 1 to 2 s (spec/05 section 3.1), encoders left alone make up to 10 s: 10 s of
# 60 pictures and 47 sound frames each second, and of 12 Mbit/s.
MAX_UNITS = 1100
MAX_BYTES = 16 * 1024 * 1024


class Group:
    """The current group of pictures, with the sound since its key frame, in the order in which it came.

    Without pictures it is the latest sound frame, which carries the set-up data. When a group grows over a bound it is
    forgotten, and the next key frame begins a new one.
    """

    def __init__(self, max_units: int = MAX_UNITS, max_bytes: int = MAX_BYTES) -> None:
        self._max_units = max_units
        self._max_bytes = max_bytes
        self._units: list[Unit] = []
        self._bytes = 0
        self._open = False  # a key frame is held

    @property
    def units(self) -> Sequence[Unit]:
        """What is held now."""
        return tuple(self._units)

    def add(self, unit: Unit) -> None:
        """Take in the next unit of either track."""
        video = unit.codec.is_video
        if video and unit.key:
            self._units, self._bytes, self._open = [], 0, True
        elif not self._open:
            if not video:
                self._units = [unit]
            return
        self._units.append(unit)
        self._bytes += len(unit.payload) + len(unit.config)
        if len(self._units) > self._max_units or self._bytes > self._max_bytes:
            self._units, self._open = [], False
