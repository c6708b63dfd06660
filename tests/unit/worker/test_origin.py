"""Origin: nothing may be sent before the record knows a time 0 from which its next child would go on later."""

import pytest

from tailrace.worker.origin import Origin
from tests.fakes.clock import ManualClock


class Output:
    """An origin, its clock, and whether the record was ever seen to know it."""

    def __init__(self, recorded: float) -> None:
        self.clock = ManualClock(1_000.0)
        self.is_known = False
        self.origin = Origin(recorded, self.clock, self._known)

    def _known(self) -> None:
        self.is_known = True


@pytest.mark.parametrize("recorded", [0.0, 990.0])
def test_what_is_written_before_the_output_begins_says_nothing_of_its_time(recorded: float) -> None:
    output = Output(recorded)

    output.origin.recorded(recorded)  # a destination's state was written

    assert not output.is_known


def test_a_first_output_waits_until_its_origin_is_recorded() -> None:
    output = Output(0.0)

    output.origin.began(250_000)
    assert output.origin.at == 999.75
    assert not output.is_known

    output.origin.recorded(999.75)
    assert output.is_known


def test_an_output_that_begins_while_an_older_report_is_written_waits_for_its_own() -> None:
    output = Output(0.0)

    output.origin.began(0)
    output.origin.recorded(0.0)

    assert not output.is_known


def test_a_take_over_that_runs_ahead_of_the_record_waits_until_that_is_recorded() -> None:
    output = Output(990.0)

    output.origin.began(11_000_000)  # 1 s later than the record's origin says
    assert not output.is_known

    output.origin.recorded(989.0)
    assert output.is_known


def test_a_take_over_that_is_behind_the_record_need_not_wait() -> None:
    output = Output(990.0)

    output.origin.began(9_000_000)

    assert output.is_known


def test_the_output_time_goes_on_with_the_clock() -> None:
    output = Output(0.0)
    assert output.origin.now_us() == 0

    output.origin.began(500_000)
    output.clock.pass_time(2.0)

    assert output.origin.now_us() == 2_500_000
