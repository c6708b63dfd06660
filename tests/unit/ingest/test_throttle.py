"""Throttle: bursts, the rate after them, and what many addresses cost."""

from tailrace.ingest.throttle import Throttle


def test_a_burst_may_come_at_once_and_then_so_many_a_second() -> None:
    throttle = Throttle(burst=3, per_second=2)

    assert [throttle.wait("192.0.2.1", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert throttle.wait("192.0.2.1", 0.5) == 0.0
    assert throttle.wait("192.0.2.1", 0.5) == 0.5


def test_addresses_do_not_slow_each_other() -> None:
    throttle = Throttle(burst=1, per_second=1)

    assert [throttle.wait(address, 0.0) for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1")] == [0.0, 0.0, 1.0]


def test_a_pause_gives_back_no_more_than_a_burst() -> None:
    throttle = Throttle(burst=2, per_second=1)
    throttle.wait("192.0.2.1", 0.0)

    assert [throttle.wait("192.0.2.1", 1000.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_only_so_many_addresses_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    throttle = Throttle(burst=1, per_second=0.001, max_addresses=2)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        throttle.wait(address, 0.0)

    assert throttle.wait("192.0.2.3", 0.0) > 0
    assert throttle.wait("192.0.2.1", 0.0) == 0.0


def test_a_subscriber_with_a_network_of_addresses_is_one() -> None:
    throttle = Throttle(burst=1, per_second=1)

    assert [throttle.wait(f"2001:db8::{number}", 0.0) for number in (1, 2)] == [0.0, 1.0]
