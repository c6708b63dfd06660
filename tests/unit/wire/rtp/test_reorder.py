"""Packets come out in the order they were sent, however the network has dealt with them."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.reorder import Reorder

PATIENCE = 0.3


def packet(number: int) -> Packet:
    return Packet(96, False, number & 0xFFFF, number * 3000, 1, number.to_bytes(8, "big"))


def numbers(taken: object) -> list[int | None]:
    assert isinstance(taken, list | tuple)
    return [None if each is None else int.from_bytes(each.payload, "big") for each in taken]


ARRIVALS = st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(st.integers(0, 1 << 20), ARRIVALS)
def test_what_comes_out_is_what_went_in_in_order_with_a_gap_where_something_is_missing(
    first: int, fates: list[tuple[int, bool, bool]]
) -> None:
    """Each packet is delayed by some ms, lost or repeated; the first comes at once, since it says where all begins."""
    deliveries = [(0.0, first)]
    for index, (delay_ms, lost, repeated) in enumerate(fates, 1):
        sent = index * 0.02
        if not lost:
            deliveries.append((sent + delay_ms / 1000, first + index))
        if repeated:
            deliveries.append((sent + 0.45, first + index))
    deliveries.sort()
    # Enough to end every wait, in order.
    last = first + len(fates)
    deliveries += [(10.0 + index * 0.2, last + 1 + index) for index in range(4)]

    reorder, out = Reorder(PATIENCE), list[int | None]()
    for now, number in deliveries:
        out += numbers(reorder.add(packet(number), now))
        assert len(reorder.ask(now)) <= len(fates)

    came = [number for number in out if number is not None]
    assert came == sorted(set(came))
    for before, after in pairwise(out):
        if before is not None and after is not None:
            assert after == before + 1  # a gap is never silent
    assert came[-1] == last + 4
    assert not reorder.waits
    # Whatever came before patience with it was over is there.
    for now, number in deliveries:
        if now <= (number - first) * 0.02 + PATIENCE:
            assert number in came
    assert reorder.lost == last + 4 - first + 1 - len(came)


def test_a_packet_in_order_goes_on_at_once() -> None:
    reorder = Reorder(PATIENCE)

    assert [numbers(reorder.add(packet(number), 0.0)) for number in (65_535, 65_536, 65_537)] == [
        [65_535],
        [65_536],
        [65_537],
    ]


def test_what_was_held_goes_on_with_what_was_missing() -> None:
    reorder = Reorder(PATIENCE)
    for number in (10, 12, 13, 15):
        reorder.add(packet(number), 0.0)

    assert numbers(reorder.add(packet(11), 0.1)) == [11, 12, 13]
    assert reorder.waits
    assert numbers(reorder.add(packet(14), 0.1, again=True)) == [14, 15]
    assert (reorder.recovered, reorder.lost, reorder.repeated) == (2, 0, 0)


def test_what_is_missing_is_asked_for_after_a_moment_and_again_after_pauses_until_patience_is_over() -> None:
    reorder = Reorder(PATIENCE)
    reorder.add(packet(1), 0.0)
    reorder.add(packet(4), 0.0)
    asked = {now: reorder.ask(now / 1000) for now in range(0, 300, 20)}

    assert {now for now, missing in asked.items() if missing == [2, 3]} == {20, 80, 140, 200, 260}
    assert numbers(reorder.add(packet(5), 0.299)) == []
    assert numbers(reorder.add(packet(6), 0.301)) == [None, 4, 5, 6]
    assert reorder.ask(1.0) == []
    assert reorder.lost == 2


def test_a_sender_that_is_silent_is_not_asked_for_ever() -> None:
    reorder = Reorder(PATIENCE)
    reorder.add(packet(1), 0.0)
    reorder.add(packet(3), 0.0)

    assert [now for now in range(20) if reorder.ask(now / 10)] == [1, 2]


def test_a_repeated_and_a_late_packet_are_counted_and_left_out() -> None:
    reorder = Reorder(PATIENCE)
    for number in (1, 3):
        reorder.add(packet(number), 0.0)

    assert numbers(reorder.add(packet(3), 0.0)) == []
    assert numbers(reorder.add(packet(4), 0.5)) == [None, 3, 4]
    assert numbers(reorder.add(packet(2), 0.6)) == []
    assert reorder.repeated == 2


def test_a_sender_that_begins_again_is_followed_with_its_second_packet_and_garbage_is_not() -> None:
    reorder = Reorder(PATIENCE)
    reorder.add(packet(10), 0.0)

    assert numbers(reorder.add(packet(30_000), 0.0)) == []
    assert numbers(reorder.add(packet(11), 0.0)) == [11]
    assert numbers(reorder.add(packet(50_000), 0.0, again=True)) == []
    assert numbers(reorder.add(packet(40_000), 0.0)) == []
    assert numbers(reorder.add(packet(40_001), 0.0)) == [None, 40_001]
    assert numbers(reorder.add(packet(40_002), 0.0)) == [40_002]


def test_more_missing_than_can_be_mended_is_given_up_at_once() -> None:
    reorder = Reorder(PATIENCE)
    reorder.add(packet(1), 0.0)

    assert numbers(reorder.add(packet(1000), 0.0)) == [None, 1000]
    assert reorder.lost == 998


def test_what_is_held_is_bounded() -> None:
    reorder = Reorder(1e9)
    reorder.add(packet(0), 0.0)
    came = [number for each in range(2, 4000) for number in numbers(reorder.add(packet(each), 0.0))]

    assert came[0] is None
    assert came[-1] == 3999
    assert len(came) == len(set(came))


def test_the_wait_may_be_ended_at_a_packet_that_is_wanted() -> None:
    reorder = Reorder(PATIENCE)
    for number in (1, 3, 5, 6, 8):
        reorder.add(packet(number), 0.0)

    assert numbers(reorder.skip_to(lambda held: held.sequence == 9)) == []
    assert numbers(reorder.skip_to(lambda held: held.sequence >= 5)) == [None, 5, 6]
    assert numbers(reorder.add(packet(7), 0.0)) == [7, 8]
    assert (reorder.lost, reorder.recovered) == (2, 1)


def test_a_retransmission_before_anything_else_says_nothing() -> None:
    assert numbers(Reorder(PATIENCE).add(packet(1), 0.0, again=True)) == []


def test_any_order_within_patience_is_mended() -> None:
    for seed in range(20):
        order = list(range(1, 200))
        random.Random(seed).shuffle(order)
        reorder, out = Reorder(PATIENCE), numbers(Reorder(PATIENCE).add(packet(0), 0.0))
        reorder.add(packet(0), 0.0)
        for number in order:
            out += numbers(reorder.add(packet(number), 0.1))

        assert out == list(range(200))
