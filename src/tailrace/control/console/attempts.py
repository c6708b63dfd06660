"""Attempts: wrong sign-ins, counted by the address that they come from. No I/O; the time is given."""

from collections import OrderedDict

from tailrace.errors import SignInsExceeded
from tailrace.model.subscriber import subscriber

# Who mistypes a key that is pasted does not do it ten times; who guesses one of 32 letters needs longer than the sun
# lasts, and of a weak one gets 2,880 guesses a day.
MOST = 10
WINDOW = 300.0
# Addresses that are remembered, 200 bytes each; beyond it the longest quiet one is forgotten.
MOST_ADDRESSES = 10_000


class Attempts:
    """Each address may be wrong MOST times, and once more for each WINDOW / MOST seconds that pass."""

    def __init__(self) -> None:
        # Level of a bucket that leaks, and when that was.
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def permit(self, address: str, now: float) -> None:
        """Raise SignInsExceeded when `address` was wrong too often before the monotonic time `now`."""
        if self._level(subscriber(address), now) > MOST - 1:
            raise SignInsExceeded("Too many wrong sign-ins from this address. Try again in half a minute.")

    def wrong(self, address: str, now: float) -> None:
        """Count a sign-in that is not known to be right."""
        who = subscriber(address)
        self._wrong[who] = self._level(who, now) + 1, now
        self._wrong.move_to_end(who)
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget what was wrong."""
        self._wrong.pop(subscriber(address), None)

    def _level(self, who: str, now: float) -> float:
        level, since = self._wrong.get(who, (0.0, now))
        return max(0.0, level - (now - since) * MOST / WINDOW)
