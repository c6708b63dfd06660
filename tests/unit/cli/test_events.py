"""Spans of time on the command line."""

import pytest

from tailrace.cli.events import seconds_of
from tailrace.cli.exits import CommandError, Exit


@pytest.mark.parametrize(("span", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172800)])
def test_a_span_is_a_number_and_its_unit(span: str, seconds: int) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "1", "h", "1w", "-1h", "1.5h", "1 h", "1234567890s"])
def test_anything_else_is_wrong_usage(span: str) -> None:
    with pytest.raises(CommandError, match="write 90s, 15m, 1h or 2d") as caught:
        seconds_of(span)

    assert caught.value.code is Exit.USAGE
