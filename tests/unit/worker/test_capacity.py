"""A worker's room over time: estimates for young tasks, measurements for old ones, places that become free."""

from tailrace.config import WorkerSettings
from tailrace.ids import TaskId
from tailrace.model.need import Need
from tailrace.model.room_left import Limit, Resource
from tailrace.worker.capacity import SETTLED, WINDOW, Capacity
from tailrace.worker.machine import Cpu, Snapshot

MB = 1024 * 1024
MIX = Need(1.0, 100 * MB)
ONE, TWO, THREE = TaskId("one"), TaskId("two"), TaskId("three")


class TwoCores:
    """A machine whose only child, of any age, uses `busy` cores from the last change on. It is its own clock."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.busy = 0.0
        self._spent = 0.0
        self._began: float | None = None

    def now(self) -> float:
        return self.time

    def passes(self, seconds: float) -> None:
        self.time += seconds
        self._spent += seconds * self.busy

    def child(self, busy: float) -> None:
        self.busy = busy
        self._began = self.time

    def read(self, now: float) -> Snapshot:
        there = self._began is not None
        return Snapshot(
            now,
            cpu={"machine": Cpu(2, self._spent)},
            spent={7: self._spent} if there else {},
            ages={7: now - (self._began or 0.0)} if there else {},
            memory=(Limit(1000 * MB, 0),),
        )


def capacity(machine: TwoCores, **settings: float) -> Capacity:
    return Capacity(WorkerSettings.model_validate(settings), machine, machine.now)


def look(worker: Capacity, machine: TwoCores, seconds: float) -> None:
    """Let time pass, with a look each second as the heartbeat has it."""
    for _ in range(round(seconds)):
        machine.passes(1.0)
        worker.left()


def test_tasks_that_have_just_begun_count_by_their_estimate() -> None:
    worker = capacity(TwoCores())

    assert worker.take(ONE, MIX, resumed=False) is None
    assert worker.take(TWO, MIX, resumed=False) is Resource.CPU
    assert worker.take(THREE, Need(0.05, MB), resumed=False) is None


def test_later_they_count_by_what_they_use() -> None:
    machine = TwoCores()
    worker = capacity(machine)
    worker.take(ONE, MIX, resumed=False)
    machine.child(busy=0.25)

    look(worker, machine, SETTLED + WINDOW + 1)

    left = worker.left()
    assert left.cpu is not None
    assert abs(left.cpu - (1.8 - 0.25)) < 0.01
    assert worker.take(TWO, MIX, resumed=False) is None


def test_the_place_of_a_task_that_ended_is_free_at_once() -> None:
    worker = capacity(TwoCores())
    worker.take(ONE, MIX, resumed=False)

    worker.drop(ONE)

    assert worker.take(TWO, MIX, resumed=False) is None


def test_dropping_what_is_not_held_changes_nothing() -> None:
    worker = capacity(TwoCores(), max_tasks=1)

    worker.drop(ONE)

    assert worker.left().tasks == 1


def test_no_more_than_max_tasks_are_taken() -> None:
    worker = capacity(TwoCores(), max_tasks=1)

    assert worker.take(ONE, Need(0.05, MB), resumed=False) is None
    assert worker.take(TWO, Need(0.05, MB), resumed=True) is Resource.TASKS


def test_a_task_that_ran_elsewhere_before_is_taken_although_the_processor_is_busy() -> None:
    worker = capacity(TwoCores())
    worker.take(ONE, MIX, resumed=False)

    assert worker.take(TWO, MIX, resumed=True) is None


def test_what_is_short_of_memory_is_refused_even_to_a_worker_without_tasks() -> None:
    assert capacity(TwoCores()).take(ONE, Need(0.05, 950 * MB), resumed=False) is Resource.MEMORY
    assert capacity(TwoCores(), max_memory=0).take(ONE, Need(0.05, 950 * MB), resumed=False) is None
