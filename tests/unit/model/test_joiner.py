"""Joiner: live units and start answers become sequences without a gap or a repeat."""

from hypothesis import given
from hypothesis import strategies as st

from tailrace.model.joiner import Joiner
from tailrace.unit import Codec, Unit


def picture(sequence: int, session: int = 1, gop: int = 5) -> Unit:
    return Unit(Codec.H264, session, sequence, 0, 0, sequence % gop == 0, b"", b"")


def sound(sequence: int, session: int = 1) -> Unit:
    return Unit(Codec.AAC, session, sequence, 0, 0, True, b"", b"")


def taken(joiner: Joiner, units: list[Unit]) -> list[int]:
    return [unit.sequence for unit in units if joiner.take(unit)]


def test_nothing_is_taken_before_the_answer_to_the_first_request() -> None:
    joiner = Joiner()

    assert taken(joiner, [picture(0), sound(0)]) == []
    assert joiner.wants_start


def test_the_answer_and_what_follows_it_join_without_gap_or_repeat() -> None:
    joiner = Joiner()
    assert taken(joiner, [picture(7), picture(8)]) == []

    start = joiner.joined([picture(5), picture(6), picture(7), picture(8), picture(9)])

    assert [unit.sequence for unit in start] == [5, 6, 7, 8, 9]
    assert taken(joiner, [picture(9), picture(10), picture(11)]) == [10, 11]
    assert not joiner.wants_start


def test_without_a_publisher_the_first_key_frame_is_the_start() -> None:
    joiner = Joiner()
    joiner.joined([])

    assert taken(joiner, [picture(0), picture(1)]) == [0, 1]


def test_pictures_after_a_gap_wait_for_the_answer_that_fills_it() -> None:
    joiner = Joiner()
    joiner.joined([picture(0), picture(1)])

    assert taken(joiner, [picture(3), picture(4)]) == []
    assert joiner.wants_start
    healed = joiner.joined([picture(0), picture(1), picture(2), picture(3), picture(4)])

    assert [unit.sequence for unit in healed] == [2, 3, 4]
    assert taken(joiner, [picture(5)]) == [5]


def test_a_key_frame_ends_a_gap_by_itself() -> None:
    joiner = Joiner()
    joiner.joined([picture(0)])

    assert taken(joiner, [picture(3), picture(5), picture(6)]) == [5, 6]


def test_a_gap_in_the_sound_is_passed_over() -> None:
    joiner = Joiner()
    joiner.joined([sound(0)])

    assert taken(joiner, [sound(4), sound(3), sound(5)]) == [4, 5]


def test_units_of_a_replaced_session_are_left_out() -> None:
    joiner = Joiner()
    joiner.joined([picture(0, session=1)])

    assert joiner.take(picture(0, session=2))
    assert not joiner.take(picture(5, session=1))


@given(st.lists(st.sampled_from(["live", "lose", "ask"]), max_size=60))
def test_no_picture_is_ever_used_without_the_one_before_it(steps: list[str]) -> None:
    joiner, sent, used = Joiner(), 0, list[int]()
    for step in steps:
        if step == "ask":
            group = range(sent - 1 - (sent - 1) % 5, sent) if sent else range(0)
            used += [unit.sequence for unit in joiner.joined([picture(n) for n in group])]
            continue
        if step == "live":
            used += taken(joiner, [picture(sent)])
        sent += 1

    assert used == sorted(set(used))
    assert all(n % 5 == 0 or n - 1 in used for n in used)
