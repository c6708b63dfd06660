"""What is remembered of a callback's tries, and what it says about the next one."""

from tailrace.model.delivery import MOST_ATTEMPTS, Attempt, Delivery, DeliveryState

EVENT, REPLAY = 7, 20


def failed(at: float, order: int = EVENT) -> Attempt:
    return Attempt(order, at, 0.5, 500)


def taken(at: float, order: int = EVENT) -> Attempt:
    return Attempt(order, at, 0.5, 200)


def after(*attempts: Attempt) -> Delivery:
    delivery = Delivery(EVENT, EVENT)
    for attempt in attempts:
        delivery = delivery.tried(attempt)
    return delivery


def test_the_first_try_is_due_at_once() -> None:
    assert Delivery(EVENT, EVENT).next_try() == 0.0


def test_a_delivered_one_is_over() -> None:
    delivery = after(failed(100.0), taken(100.5))

    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.next_try() is None


def test_after_failures_the_next_try_comes_as_the_specification_says() -> None:
    assert after(failed(100.0)).next_try() == 100.5
    assert after(failed(100.0), failed(100.5)).next_try() == 111.0


def test_after_a_minute_it_is_given_up_and_keeps_all_its_tries() -> None:
    delivery = after(*(failed(at) for at in (100.0, 100.5, 111.0, 121.5, 132.0, 142.5, 153.0)))

    assert delivery.state is DeliveryState.GIVEN_UP
    assert len(delivery.attempts) == 7


def test_only_status_200_is_a_success() -> None:
    for status in (0, 100, 201, 204, 301, 404, 500):
        assert not Attempt(EVENT, 0.0, 0.0, status).ok


def test_a_replay_has_a_minute_of_its_own() -> None:
    delivery = after(*(failed(at) for at in (100.0, 100.5, 111.0, 121.5, 132.0, 142.5, 153.0))).ordered(REPLAY)

    assert delivery.next_try() == 0.0
    delivery = delivery.tried(failed(9000.0, REPLAY))
    assert delivery.next_try() == 9000.5
    assert delivery.tried(taken(9000.5, REPLAY)).state is DeliveryState.DELIVERED


def test_an_order_that_is_over_stays_over_when_it_is_handed_out_again() -> None:
    assert after(taken(100.0)).ordered(EVENT).next_try() is None


def test_what_is_remembered_has_an_end() -> None:
    delivery = after(*(failed(1e6 * order, order) for order in range(MOST_ATTEMPTS + 5)))

    assert len(delivery.attempts) == MOST_ATTEMPTS
    assert delivery.attempts[-1].order == MOST_ATTEMPTS + 4
