"""Waiting for what must come, to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Generous: the machine of a test run may be busy. What has to be fast is measured in bench/.
DEADLINE = 20.0
LOOK_EACH = 0.01


def eventually(condition: Callable[[], T], what: str, timeout: float = DEADLINE) -> T:
    """Ask until the answer is true, and return it. Raises AssertionError, which says `what` did not come."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(LOOK_EACH)
    return answer
