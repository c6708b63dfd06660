"""Each packet's arrival is told once it is due, with what was lost before it."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from tailrace.wire.rtp.arrivals import Arrivals
from tailrace.wire.rtp.rtcp_transport import TransportFeedback


def told(arrivals: Arrivals, now: float) -> TransportFeedback:
    feedback = arrivals.feedback(1, 2, now)
    assert feedback is not None
    return feedback


def test_nothing_is_told_before_something_came_and_before_a_tenth_of_a_second_is_over() -> None:
    arrivals = Arrivals()
    assert arrivals.feedback(1, 2, 10.0) is None
    arrivals.note(5, 10.0)

    assert told(arrivals, 10.0) == TransportFeedback(1, 2, 0, 5, (40_000,))
    arrivals.note(6, 10.02)
    assert arrivals.feedback(1, 2, 10.09) is None
    assert told(arrivals, 10.11) == TransportFeedback(1, 2, 1, 6, (40_080,))


def test_losses_between_two_rounds_are_told() -> None:
    arrivals = Arrivals()
    arrivals.note(65_534, 10.0)
    told(arrivals, 10.0)
    arrivals.note(1, 10.1)

    feedback = told(arrivals, 10.2)

    assert (feedback.first, feedback.arrivals) == (65_535, (None, None, 40_400))


def test_a_packet_that_was_overtaken_by_a_round_is_told_with_its_neighbours() -> None:
    arrivals = Arrivals()
    for number in (1, 3, 4):
        arrivals.note(number, 10.0)
    assert told(arrivals, 10.0).arrivals == (40_000, None, 40_000, 40_000)
    arrivals.note(2, 10.05)
    arrivals.note(5, 10.06)

    feedback = told(arrivals, 10.1)

    assert (feedback.first, feedback.arrivals) == (2, (40_200, 40_000, 40_000, 40_240))


def test_after_a_long_silence_what_was_before_is_not_told_again() -> None:
    arrivals = Arrivals()
    for number in (1, 3):
        arrivals.note(number, 10.0)
    told(arrivals, 10.0)
    arrivals.note(2, 40.0)
    arrivals.note(4, 40.0)

    assert struct.unpack_from(">H", told(arrivals, 40.0).encode(), 12) == (2,)


def test_what_was_not_told_for_long_is_not_told_beside_what_comes_now() -> None:
    # Nothing is asked before a track has begun; 12 s do not fit into the difference of two arrivals.
    arrivals = Arrivals()
    for number, now in ((3, 10.0), (1, 14.0), (4, 18.0), (2, 22.0)):
        arrivals.note(number, now)

    feedback = told(arrivals, 22.0)

    assert (feedback.first, feedback.arrivals) == (1, (None, 88_000, None, 72_000))
    assert feedback.encode()


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 20), st.booleans()), max_size=60))
def test_whatever_comes_can_be_told_and_takes_bounded_memory(events: list[tuple[int, float, bool]]) -> None:
    arrivals, now = Arrivals(), 0.0
    for number, passed, asked in events:
        now += passed
        arrivals.note(number, now)
        feedback = arrivals.feedback(1, 2, now) if asked else None
        if feedback is not None:
            assert len(feedback.arrivals) <= 1000
            assert len(feedback.encode()) < 1500


def test_what_nobody_takes_is_forgotten() -> None:
    arrivals = Arrivals()
    for number in range(10_000):
        arrivals.note(number & 0xFFFF, 10.0 + number / 10_000)

    feedback = told(arrivals, 11.0)

    assert len(feedback.arrivals) <= 1000
    assert (feedback.first + len(feedback.arrivals)) & 0xFFFF == 10_000
