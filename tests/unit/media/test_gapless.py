"""Gapless: samples are counted while times agree with them."""

import pytest

from tailrace.media.gapless import GaplessRun

DRIFT_US = 50_000


def run_of(seconds: int) -> GaplessRun:
    """Sound of 48 kHz that began at 1 s, for an encoder of 24 kHz that has had 100 samples before."""
    run = GaplessRun(24_000, DRIFT_US)
    run.begin(1_000_000, 48_000, 100)
    run.count(seconds * 48_000)
    return run


def test_nothing_belongs_to_a_run_that_has_not_begun_or_is_broken_off() -> None:
    fresh, broken = GaplessRun(48_000, DRIFT_US), run_of(3)
    broken.break_off()

    assert fresh.broken
    assert broken.broken
    assert not fresh.goes_on(0, 48_000)
    assert not broken.goes_on(4_000_000, 48_000)


@pytest.mark.parametrize(
    ("at_us", "belongs"), [(4_000_000, True), (4_050_000, True), (3_950_000, True), (4_050_001, False)]
)
def test_a_run_goes_on_at_about_its_end(at_us: int, *, belongs: bool) -> None:
    assert run_of(3).goes_on(at_us, 48_000) is belongs


def test_another_rate_is_another_run() -> None:
    assert not run_of(3).goes_on(4_000_000, 44_100)


def test_samples_of_the_encoder_are_heard_from_the_begin_of_the_run_on() -> None:
    run = run_of(3)

    assert run.time_of(100) == 1_000_000
    assert run.time_of(24_100) == 2_000_000
    assert run.time_of(0) < 1_000_000
