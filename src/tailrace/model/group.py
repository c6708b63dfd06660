"""Group: what a subscriber who comes now needs to start at once."""

from collections.abc import Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")

# The recommended group of pictures has 1 to 2 s (spec/05 section 3.1), encoders left alone make up to 10 s: 10 s of
# 60 pictures and 47 sound frames each second, and of 12 Mbit/s.
MAX_ITEMS = 1100
MAX_BYTES = 16 * 1024 * 1024


class Group(Generic[Item]):
    """The current group of pictures, with the sound since its key frame, in the order in which it came.

    Without pictures it is the latest sound frame, which carries the set-up data. When a group grows over a bound it is
    forgotten, and the next key frame begins a new one. An item is what subscribers get: a unit, or a tag.
    """

    def __init__(self, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: list[Item] = []
        self._bytes = 0
        self._open = False  # a key frame is held

    @property
    def items(self) -> Sequence[Item]:
        """What is held now."""
        return tuple(self._items)

    @property
    def open(self) -> bool:
        """Whether a key frame is held, with all that came after it."""
        return self._open

    def add(self, item: Item, size: int, *, video: bool, key: bool) -> None:
        """Take in the next picture or sound frame of `size` bytes; `key` counts for pictures only."""
        if video and key:
            self._items, self._bytes, self._open = [], 0, True
        elif not self._open:
            if not video:
                self._items = [item]
            return
        self._items.append(item)
        self._bytes += size
        if len(self._items) > self._max_items or self._bytes > self._max_bytes:
            self._items, self._open = [], False
