"""InOrder: work is done one piece after the other, in another thread, and no more is held than was said."""

import threading

from tailrace.media.in_order import MOST, InOrder
from tests.harness.waiting import eventually


def test_work_is_done_in_its_order_in_another_thread() -> None:
    done: list[tuple[int, int]] = []
    working = InOrder("work", lambda: None)

    for number in range(20):
        working.put(lambda number=number: done.append((number, threading.get_ident())))  # type: ignore[misc]
    working.close()

    assert [number for number, _ in done] == list(range(20))
    assert {thread for _, thread in done} != {threading.get_ident()}


def test_there_is_room_for_one_in_work_and_one_that_waits() -> None:
    go_on, room = threading.Event(), threading.Event()

    def held() -> None:
        assert go_on.wait(10)

    working = InOrder("work", room.set)

    for _ in range(MOST):
        assert working.has_room
        working.put(held)
    assert not working.has_room

    go_on.set()
    assert room.wait(10)
    eventually(lambda: working.has_room, "room again")
    working.close()


def test_what_is_held_is_finished_before_the_end() -> None:
    done: list[int] = []
    working = InOrder("work", lambda: None)

    working.put(lambda: done.append(1))
    working.put(lambda: done.append(2))
    working.close()

    assert done == [1, 2]
