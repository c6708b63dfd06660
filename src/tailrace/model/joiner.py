"""Joiner: from live units and the answers to key-frame requests to sequences without a gap or a repeat.

A subscriber hears live units first and then asks for a start: the publisher's current group of pictures. Both come from
one publisher over one connection, so what follows the answer goes on exactly where the answer ends. Units are told
apart by session and sequence (see `unit.py`). A gap in the pictures is healed by asking again, and until then they are
left out, since a picture whose reference is missing shows rubbish. Sound has no such references and goes on.
"""

from tailrace.ids import Kind
from tailrace.unit import Unit


class Joiner:
    """Filters the units of one stream. `wants_start` says that a key-frame request would help."""

    def __init__(self) -> None:
        self.wants_start = True
        self._joined = False
        self._next: dict[Kind, tuple[int, int]] = {}  # session, sequence

    def joined(self, units: list[Unit]) -> list[Unit]:
        """Take the answer to a key-frame request, empty when there was no publisher; return what is new of it."""
        self._joined = True
        self.wants_start = False
        return [unit for unit in units if self.take(unit)]

    def take(self, unit: Unit) -> bool:
        """Whether to use this unit: it is the next one of its track, or a good place to go on."""
        if not self._joined:
            return False
        here = unit.session, unit.sequence
        if not unit.codec.is_video:
            return self._advance(Kind.AUDIO, here)
        expected = self._next.get(Kind.VIDEO)
        if expected is not None and here < expected:
            return False
        if unit.key or here == expected:
            return self._advance(Kind.VIDEO, here)
        # The unit before this one is missing. `expected` stays, so that the answer to a request fills the gap.
        self.wants_start = True
        return False

    def lose_pictures(self) -> None:
        """Go on with a key frame, even one that was used before: other pictures have come between."""
        self._next.pop(Kind.VIDEO, None)

    def _advance(self, kind: Kind, here: tuple[int, int]) -> bool:
        if here < self._next.get(kind, (0, 0)):
            return False
        self._next[kind] = here[0], here[1] + 1
        return True
