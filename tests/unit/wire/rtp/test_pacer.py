"""Pacer: what comes in bulk is spread, and nothing else waits."""

from tailrace.wire.rtp.pacer import BURST_BYTES, MAX_RATE, RATE, STEP, Pacer


def filled(packets: int, size: int = 1200) -> Pacer[int]:
    pacer = Pacer[int]()
    pacer.put((size, number) for number in range(packets))
    return pacer


def test_what_is_small_leaves_at_once() -> None:
    pacer = filled(20)

    assert pacer.take(0.0) == list(range(20))
    assert pacer.empty


def test_a_burst_is_cut_and_the_rest_follows_at_the_rate() -> None:
    pacer = filled(400)

    first = pacer.take(0.0)
    steps = [len(pacer.take((step + 1) * STEP)) for step in range(10)]

    assert len(first) == BURST_BYTES // 1200
    assert abs(sum(steps) * 1200 - RATE * 10 * STEP) <= 1200
    assert max(steps) <= 12


def test_nothing_is_lost_or_turned_around() -> None:
    pacer, taken, now = filled(1000), list[int](), 0.0
    while not pacer.empty:
        taken += pacer.take(now)
        now += STEP

    assert taken == list(range(1000))
    assert pacer.waiting_bytes == 0


def test_much_that_waits_goes_faster_but_not_faster_than_sockets_take() -> None:
    assert len(sum((filled(50_000).take(0.0),), list[int]())) == BURST_BYTES // 1200
    pacer = filled(50_000)
    pacer.take(0.0)

    assert len(pacer.take(STEP)) * 1200 <= MAX_RATE * STEP + 1200


def test_who_waited_long_does_not_send_a_burst_for_it() -> None:
    pacer = filled(10)
    pacer.take(0.0)
    pacer.put((1200, number) for number in range(1000))

    assert len(pacer.take(3600.0)) <= BURST_BYTES // 1200 + 1


def test_what_is_cleared_is_not_sent() -> None:
    pacer = filled(100)
    pacer.clear()

    assert pacer.take(0.0) == []
    assert pacer.waiting_bytes == 0
