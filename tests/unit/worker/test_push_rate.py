"""Rate: the bit rate of the last seconds, soon after the start and without memory of what is long ago."""

import pytest

from tailrace.worker.push_rate import RATE_SPAN, RATE_STEP, Rate


def test_there_is_a_rate_after_the_second_look() -> None:
    rate = Rate()
    rate.look(1_000_000, 0.0)
    assert rate.kbps == 0.0

    rate.look(1_000_000 + 125_000, RATE_STEP)

    assert rate.kbps == pytest.approx(1000 / RATE_STEP)


def test_what_was_sent_before_the_span_does_not_count() -> None:
    rate = Rate()
    looks = round(10 * RATE_SPAN / RATE_STEP)
    for look in range(looks):
        rate.look(look * 1_000_000 if look < looks // 2 else looks // 2 * 1_000_000, look * RATE_STEP)

    assert rate.kbps == 0.0
