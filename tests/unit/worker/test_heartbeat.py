"""Heartbeat: who stands still is found out, and nobody else: not after a sleep of the machine, not by the dozen."""

import os

import pytest

from tailrace.worker.heartbeat import LOOK_EACH, MOST_WAITING, SLOTS, STILL, Page, Pulse, Signs, Watch


class Children:
    """Some children, and a worker that looks at them in its time, or late."""

    def __init__(self, slots: int) -> None:
        self.page = Page()
        self.pulses = {slot: Pulse(self.page, slot) for slot in range(slots)}
        self.made: dict[int, tuple[int, ...]] = dict.fromkeys(self.pulses, ())
        self.waited: dict[int, float] = {}  # by thread, of whichever child rests
        self._watch = Watch(lambda _pid: dict(self.waited))
        self._now = 100.0

    def look(self, late: float = 0.0, *, turns: bool = True, stands: object = None) -> int | None:
        """Let time go on to the next look. `turns`: whether children turn meanwhile, `stands`: who does not."""
        self._now += LOOK_EACH + late
        for slot, pulse in self.pulses.items():
            if turns and slot != stands:
                pulse.beat(self.made[slot])
        found = self._watch.look({slot: self.page.read(slot) for slot in self.pulses}, self._now)
        if found is not None:
            assert STILL <= found[1] < STILL + 2 * LOOK_EACH
        return None if found is None else found[0]

    def looks(self, seconds: float, stands: object = None) -> list[int | None]:
        """Let time go on by some looks; what each found."""
        return [self.look(stands=stands) for _ in range(round(seconds / LOOK_EACH))]


def test_children_that_turn_and_need_not_make_anything_are_left_alone() -> None:
    assert set(Children(3).looks(10 * STILL)) == {None}


def test_one_that_does_not_turn_is_found_after_its_time_and_only_once_in_such_a_time() -> None:
    children = Children(3)
    children.look()

    found = children.looks(2 * STILL, stands=1)

    assert found.count(1) == 1
    assert found.index(1) == round(STILL / LOOK_EACH) - 1
    assert set(found) == {None, 1}


def test_one_of_which_only_the_pictures_stand_still_is_found_too() -> None:
    children = Children(2)
    for made in range(20):
        children.made = {0: (made, made), 1: (made, made)}
        assert children.look() is None

    found = []
    for made in range(20, 28):
        children.made = {0: (made, made), 1: (19, made)}
        found.append(children.look())

    assert 1 in found
    assert 0 not in found


def test_slow_pictures_are_no_standing_still() -> None:
    children = Children(1)

    found = set()
    for look in range(60):
        children.made = {0: (look // 2, 25 * look)}  # one picture a second
        found.add(children.look())

    assert found == {None}


def test_a_machine_that_was_asleep_costs_nobody_his_child() -> None:
    children = Children(3)
    children.look()

    assert children.look(late=3600.0, turns=False) is None

    assert set(children.looks(10.0)) == {None}


def test_a_child_that_stays_behind_when_the_others_wake_up_is_found() -> None:
    children = Children(3)
    children.look()
    children.look(late=3600.0, turns=False)

    assert 2 in children.looks(STILL + LOOK_EACH, stands=2)


def test_when_all_stand_still_at_once_they_are_given_up_one_at_a_look() -> None:
    children = Children(4)
    children.look()

    found = [children.look(turns=False) for _ in range(round(STILL / LOOK_EACH) + 1)]

    assert [slot for slot in found if slot is not None] == [0, 1]


def test_the_time_in_which_a_child_got_no_processor_does_not_count() -> None:
    children = Children(2)
    children.look()
    found = []
    for look in range(round(2 * STILL / LOOK_EACH)):
        # One of its threads waits for two thirds of the time; another one sleeps.
        children.waited = {7: look * LOOK_EACH * 2 / 3, 8: 0.0}
        found.append(children.look(stands=1))

    assert set(found) == {None}
    found += [children.look(stands=1) for _ in range(round(STILL / LOOK_EACH))]
    assert found.count(1) == 1


def test_one_that_stands_still_is_found_in_the_end_however_long_its_threads_wait() -> None:
    children = Children(2)
    children.look()
    found = []
    for look in range(round((STILL + MOST_WAITING) / LOOK_EACH) + 2):
        children.waited = {7: look * LOOK_EACH}
        found.append(children.look(stands=1))

    assert found.count(1) == 1
    assert found.index(1) >= round(MOST_WAITING / LOOK_EACH)


def test_who_gets_on_may_wait_as_long_again() -> None:
    children = Children(1)
    children.look()
    look = 0
    for _ in range(5):
        for _ in range(round(MOST_WAITING / LOOK_EACH)):
            look += 1
            children.waited = {7: look * LOOK_EACH}
            assert children.look(stands=0) is None
        assert children.look() is None


def test_who_has_ended_is_forgotten_and_who_gets_his_slot_begins_anew() -> None:
    watch = Watch()
    watch.look({1: Signs(5, 5)}, 0.0)
    watch.look({}, STILL)

    assert watch.look({1: Signs(5, 5)}, STILL + LOOK_EACH) is None


def test_a_page_is_shared_with_forked_processes() -> None:
    page = Page()
    if (pid := os.fork()) == 0:
        Pulse(page, SLOTS - 1).beat(())
        os._exit(0)
    os.waitpid(pid, 0)

    assert page.read(SLOTS - 1) == Signs(1, 1, pid)


@pytest.mark.parametrize("made", [(1, 1), (1,), ()])
def test_another_kind_of_output_counts_as_getting_on(made: tuple[int, ...]) -> None:
    page = Page()
    pulse = Pulse(page, 0)
    pulse.beat((1, 0))

    pulse.beat(made if made != (1, 1) else (2, 1))

    assert page.read(0) == Signs(2, 2, os.getpid())
