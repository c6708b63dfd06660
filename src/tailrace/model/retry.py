"""Retry: when a callback is tried again (spec/04 section 1).

At once after the first failure, then 10 s after each further one, and not later than a minute after the first try. All
times are seconds on one clock.
"""

from typing import Final

# A receiver that has not answered by then has failed; counted from the moment at which it is asked.
ANSWER_TIMEOUT: Final = 5.0
PAUSE: Final = 10.0
WINDOW: Final = 60.0


def next_try(first: float, failures: int, failed_at: float) -> float | None:
    """Return when the next try is due, None when there is none any more.

    `first`: when the first try began; `failures`: how many tries have failed, 1 or more; `failed_at`: when the last
    one did. A try that is due in time is made, even if it cannot be made in time.
    """
    due = failed_at if failures == 1 else failed_at + PAUSE
    return due if due <= first + WINDOW else None
