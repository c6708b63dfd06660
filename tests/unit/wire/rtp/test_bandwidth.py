"""The estimate for senders that know REMB only."""

from tailrace.wire.rtp.bandwidth import LEAST, MOST, Bandwidth


def estimates(lost: float, bits_per_second: int, seconds: int) -> list[int]:
    bandwidth, told = Bandwidth(), []
    for second in range(seconds):
        packets = int(second * 1000 * (1 - lost))
        estimate = bandwidth.update(bits_per_second // 8 * second, packets, second * 1000, float(second))
        assert estimate is not None
        told.append(estimate)
    return told


def test_without_loss_it_grows_to_what_is_used_and_somewhat_more() -> None:
    told = estimates(0.0, 2_000_000, 60)

    assert told == sorted(told)
    assert told[-1] == 3_000_000


def test_it_does_not_grow_beyond_what_anybody_needs() -> None:
    assert estimates(0.0, 50_000_000, 60)[-1] == MOST


def test_some_loss_changes_nothing() -> None:
    assert len(set(estimates(0.05, 2_000_000, 20))) == 1


def test_much_loss_halves_it_by_its_share_down_to_what_is_worth_sending() -> None:
    told = estimates(0.5, 2_000_000, 30)

    assert told[2] == int(told[1] * 0.75)
    assert told[-1] == LEAST


def test_it_is_told_once_a_second() -> None:
    bandwidth = Bandwidth()

    assert bandwidth.update(0, 0, 0, 10.0) is not None
    assert bandwidth.update(1000, 10, 10, 10.5) is None
    assert bandwidth.update(1000, 10, 10, 11.0) is not None
