"""Reordering: the packets of one track in the order they were sent, and which of them to ask for again.

A packet whose predecessors are all here goes on at once. Behind a hole packets are held, while what is missing is asked
for by NACK, until it comes or until patience with it is over; then the hole is given up, and None stands in its place.

Sequence numbers are extended beyond their 16 bits here (RFC 3550 A.1), so that they only grow.
"""

from collections.abc import Callable, Sequence

from tailrace.wire.rtp.packet import Packet

# RFC 3550 A.1, MAX_DROPOUT: a number further ahead is a sender that began again, or garbage.
_LARGEST_STEP = 3000
# Networks that change the order of packets at all do it within some milliseconds; asking at once would have most of
# those sent twice.
_ASK_AFTER = 0.010
# Longer than a round trip to a relay nearby, so that an answer under way is not asked for again; five times fit into
# the patience with a picture.
_ASK_AGAIN_AFTER = 0.060
# Missing at once: 2 s of a 1.5 Mbit/s picture, and more than senders keep or a sender's pacer would repeat in time.
_MOST_MISSING = 400
# Held behind a hole: 300 ms at 80 Mbit/s.
_MOST_HELD = 2500

Taken = Sequence[Packet | None]
_NOTHING: Taken = ()


class Reorder:
    """Put packets in with `add`; it returns those that go on, in order, None for each hole that was given up.

    `patience`: seconds to wait for a missing packet. The counts are of packets: `lost` were given up, `recovered` came
    after they had been missing, `repeated` came twice or too late.
    """

    __slots__ = (
        "_asked_at",
        "_expected",
        "_held",
        "_highest",
        "_missing",
        "_patience",
        "_restart_at",
        "lost",
        "recovered",
        "repeated",
    )

    def __init__(self, patience: float) -> None:
        self.lost = self.recovered = self.repeated = 0
        self._patience = patience
        self._expected = -1  # -1: nothing has come
        self._highest = -1
        self._held: dict[int, Packet] = {}
        self._missing: dict[int, float] = {}  # since when, rising in number and in time
        self._asked_at: dict[int, float] = {}
        self._restart_at = -1  # where a sender that began again would go on

    @property
    def waits(self) -> bool:
        """Whether something is missing."""
        return bool(self._missing)

    def add(self, packet: Packet, now: float, again: bool = False) -> Taken:
        """Return what goes on by this packet, or because patience is over. `again`: it was sent a second time."""
        sequence = packet.sequence
        expected = self._expected
        if sequence == expected & 0xFFFF and not self._missing and expected >= 0:
            self._highest = expected
            self._expected = expected + 1
            self._restart_at = -1
            return (packet,)
        if expected < 0:
            if again:
                return _NOTHING
            self._highest = sequence
            self._expected = sequence + 1
            return (packet,)
        step = (sequence - self._highest) & 0xFFFF
        if step >= 0x8000:
            step -= 0x10000
        if not -_LARGEST_STEP < step < _LARGEST_STEP:
            return self._out_of_range(packet, again)
        self._restart_at = -1
        number = self._highest + step
        if step > 0:
            for missing in range(self._highest + 1, number):
                self._missing[missing] = now
            self._highest = number
            self._held[number] = packet
        elif self._missing.pop(number, None) is not None:
            self._asked_at.pop(number, None)
            self._held[number] = packet
            self.recovered += 1
        else:
            self.repeated += 1
        taken = self._in_order()
        if self._missing:
            taken += self._give_up(now)
        return taken

    def ask(self, now: float) -> list[int]:
        """Return the sequence numbers to ask for now, in order."""
        asked = []
        for number, since in self._missing.items():
            if now - since >= self._patience:
                continue  # it is given up with the next packet that comes
            if now - self._asked_at.get(number, since + _ASK_AFTER - _ASK_AGAIN_AFTER) >= _ASK_AGAIN_AFTER:
                self._asked_at[number] = now
                asked.append(number & 0xFFFF)
        return asked

    def skip_to(self, wanted: Callable[[Packet], bool]) -> Taken:
        """Give up all holes before the first held packet that is wanted; nothing happens when there is none."""
        for number in sorted(self._held):
            if wanted(self._held[number]):
                return self._advance(number)
        return _NOTHING

    def _in_order(self) -> list[Packet | None]:
        taken: list[Packet | None] = []
        held, expected = self._held, self._expected
        while (packet := held.pop(expected, None)) is not None:
            taken.append(packet)
            expected += 1
        self._expected = expected
        return taken

    def _give_up(self, now: float) -> list[Packet | None]:
        taken: list[Packet | None] = []
        if len(self._missing) > _MOST_MISSING or len(self._held) > _MOST_HELD:
            # So much is not mended by asking: go on with what came last.
            last = self._highest
            while last - 1 in self._held:
                last -= 1
            return self._advance(last)
        while self._missing and now - next(iter(self._missing.values())) >= self._patience:
            taken += self._advance(min(self._held))
        return taken

    def _advance(self, number: int) -> list[Packet | None]:
        """Go on with `number`, which is held, whatever is missing before."""
        for passed in range(self._expected, number):
            self._held.pop(passed, None)
            if self._missing.pop(passed, None) is not None:
                self._asked_at.pop(passed, None)
                self.lost += 1
        self._expected = number
        return [None, *self._in_order()]

    def _out_of_range(self, packet: Packet, again: bool) -> Taken:
        """Begin again where two packets in a row say so (RFC 3550 A.1); one alone is garbage."""
        if again:
            return _NOTHING
        if packet.sequence != self._restart_at:
            self._restart_at = (packet.sequence + 1) & 0xFFFF
            return _NOTHING
        self.lost += len(self._missing)
        self._held.clear()
        self._missing.clear()
        self._asked_at.clear()
        self._restart_at = -1
        # A whole cycle further, so that extended numbers never go back.
        self._highest = ((self._highest >> 16) + 1 << 16) + packet.sequence
        self._expected = self._highest + 1
        return (None, packet)
