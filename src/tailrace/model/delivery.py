"""Delivery: what became of the callback of one event, try by try.

`order` is the number of the message in the stream of events that asks for the sending: the event itself, or one that
has it sent again. Tries of one order belong together (`model/retry.py`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from tailrace.model.retry import next_try

# Tries that are remembered: ten orders of at most eight each.
MOST_ATTEMPTS = 80


class DeliveryState(StrEnum):
    """What became of the last order."""

    TRYING = "trying"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `at`: when it began, in Unix seconds; `seconds`: how long it took.

    `status` is the answer's, 0 when there was none; then `error` says why in words.
    """

    order: int
    at: float
    seconds: float
    status: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether the receiver has taken the callback (spec/04 section 1)."""
        return self.status == 200


@dataclass(frozen=True, slots=True)
class Delivery:
    """The callback of event number `sequence`."""

    sequence: int
    order: int
    state: DeliveryState = DeliveryState.TRYING
    attempts: tuple[Attempt, ...] = ()

    def ordered(self, order: int) -> "Delivery":
        """Return the delivery with `order` as its last one."""
        return self if order == self.order else replace(self, order=order, state=DeliveryState.TRYING)

    def tried(self, attempt: Attempt) -> "Delivery":
        """Return the delivery after one more try, by whomever it was made."""
        after = replace(self.ordered(attempt.order), attempts=(*self.attempts, attempt)[-MOST_ATTEMPTS:])
        if attempt.ok:
            return replace(after, state=DeliveryState.DELIVERED)
        return after if after.next_try() is not None else replace(after, state=DeliveryState.GIVEN_UP)

    def next_try(self) -> float | None:
        """Return when the last order is to be tried (Unix seconds), 0.0 for at once, None when it is over."""
        if self.state is not DeliveryState.TRYING:
            return None
        mine = [attempt for attempt in self.attempts if attempt.order == self.order]
        return next_try(mine[0].at, len(mine), mine[-1].at + mine[-1].seconds) if mine else 0.0
