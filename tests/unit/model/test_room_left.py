"""What is left of a machine, by tables: others' use, estimates, control groups, and what a start would be short of."""

from dataclasses import replace
from typing import Any

import pytest

from tailrace.model.need import Need
from tailrace.model.room_left import Limit, Measured, Resource, RoomLeft, nobody_takes, room_left

MB = 1024 * 1024
RELAY = Need(0.05, 25 * MB)
MIX = Need(1.0, 130 * MB)
IDLE = Measured(cpu=(Limit(2, 0),), memory=(Limit(1000 * MB, 300 * MB),))
ROOMY = RoomLeft(tasks=10, cpu=1.8, memory_bytes=1000 * MB, files=1000, processes=1000)


def left(measured: Measured = IDLE, *reserved: Need, **settings: Any) -> RoomLeft:
    """The room with the default shares."""
    chosen: dict[str, Any] = {"places": 100, "empty": False, "max_cpu": 0.9, "max_memory": 0.9} | settings
    return room_left(measured, reserved=reserved, **chosen)


@pytest.mark.parametrize(
    ("measured", "reserved", "cores"),
    [
        pytest.param(IDLE, (), 1.8, id="an idle machine: its share"),
        pytest.param(IDLE, (MIX, RELAY), 0.75, id="tasks that have just begun"),
        pytest.param(Measured((Limit(2, 0.5),)), (), 1.3, id="others use some"),
        pytest.param(Measured((Limit(2, 2.0),)), (), 1.0, id="others use all: half of the cores all the same"),
        pytest.param(Measured((Limit(2, 2.0),), 0.8, 0.8), (), 0.2, id="others use the rest: ours counts in full"),
        pytest.param(Measured((Limit(2, 1.2),), 1.2, 0.0), (), 1.8, id="what ended tasks used is free again"),
        pytest.param(Measured((Limit(2, 1.2),), 1.2, 0.2), (MIX,), 0.6, id="a young task counts once"),
        pytest.param(Measured((Limit(64, 3), Limit(2, 1)), 1, 1), (), 0.8, id="a control group's limit is nearer"),
        pytest.param(Measured(), (), None, id="not Linux: not looked at"),
    ],
)
def test_what_is_left_of_the_processor(measured: Measured, reserved: tuple[Need, ...], cores: float | None) -> None:
    assert left(measured, *reserved).cpu == (None if cores is None else pytest.approx(cores))


@pytest.mark.parametrize(
    ("memory", "reserved", "left_mb"),
    [
        pytest.param((Limit(1000 * MB, 300 * MB),), (), 600, id="its share"),
        pytest.param((Limit(1000 * MB, 300 * MB),), (MIX, RELAY), 445, id="tasks that have just begun"),
        pytest.param((Limit(1000 * MB, 300 * MB), Limit(200 * MB, 100 * MB)), (), 80, id="a control group's is nearer"),
        pytest.param((Limit(1000 * MB, 950 * MB),), (), -50, id="over the share"),
    ],
)
def test_what_is_left_of_the_memory(memory: tuple[Limit, ...], reserved: tuple[Need, ...], left_mb: int) -> None:
    assert left(Measured(memory=memory), *reserved).memory_bytes == left_mb * MB


def test_files_and_processes_keep_a_tenth_free() -> None:
    room = left(Measured(files=(Limit(1000, 100),), processes=(Limit(100, 10),)), RELAY)

    assert (room.files, room.processes) == (900 - 100 - RELAY.files, 90 - 10 - RELAY.processes)


def test_a_share_of_0_is_not_looked_at() -> None:
    full = Measured(cpu=(Limit(2, 2),), tree_cpu=2, settled_cpu=2, memory=(Limit(MB, MB),))

    room = left(full, max_cpu=0, max_memory=0)

    assert (room.cpu, room.memory_bytes) == (None, None)
    assert room.short_of(MIX) is None


def test_two_cores_take_a_mix_and_several_relays() -> None:
    """The least machine: what ran on it before there was admission still runs."""
    assert left(IDLE, MIX, *[RELAY] * 10).short_of(RELAY) is None


@pytest.mark.parametrize(
    ("room", "need", "short"),
    [
        (ROOMY, MIX, None),
        (replace(ROOMY, tasks=0), RELAY, Resource.TASKS),
        (replace(ROOMY, cpu=0.5), MIX, Resource.CPU),
        (replace(ROOMY, cpu=0.5), RELAY, None),
        (replace(ROOMY, memory_bytes=100 * MB), MIX, Resource.MEMORY),
        (replace(ROOMY, memory_bytes=100 * MB), RELAY, None),
        (replace(ROOMY, files=RELAY.files - 1), RELAY, Resource.FILES),
        (replace(ROOMY, processes=RELAY.processes - 1), RELAY, Resource.PROCESSES),
        (RoomLeft(tasks=1), MIX, None),
    ],
)
def test_what_a_task_is_short_of(room: RoomLeft, need: Need, short: Resource | None) -> None:
    assert room.short_of(need) is short


def test_a_worker_without_tasks_takes_one_of_any_size_but_not_more_memory_than_there_is() -> None:
    empty = replace(ROOMY, cpu=0.1, empty=True)

    assert empty.short_of(MIX) is None
    assert replace(empty, memory_bytes=MB).short_of(MIX) is Resource.MEMORY


def test_a_task_that_has_been_running_is_taken_however_busy_the_processor_is() -> None:
    assert replace(ROOMY, cpu=0.0).short_of(MIX, resumed=True) is None
    assert replace(ROOMY, tasks=0).short_of(MIX, resumed=True) is Resource.TASKS


def test_less_of_everything_is_left_after_a_task() -> None:
    room = RoomLeft(2, 1.75, 1000 * MB, 100, 50, empty=True).less(MIX)

    assert room == RoomLeft(1, 0.75, 870 * MB, 100 - MIX.files, 50 - MIX.processes, empty=False)
    assert RoomLeft(2).less(MIX) == RoomLeft(1)


def test_a_task_is_refused_only_when_all_are_short_and_each_resource_is_named_once() -> None:
    no_cpu, no_place = replace(ROOMY, cpu=0.0), replace(ROOMY, tasks=0)

    assert nobody_takes([no_cpu, ROOMY], (), MIX) == ()
    assert nobody_takes([no_cpu, no_place, no_cpu], (), MIX) == (Resource.CPU, Resource.TASKS)


def test_those_who_wait_come_first() -> None:
    one_place = replace(ROOMY, tasks=1)

    assert nobody_takes([one_place], [RELAY], RELAY) == (Resource.TASKS,)
    assert nobody_takes([one_place, one_place], [RELAY], RELAY) == ()


def test_one_that_waits_in_vain_holds_no_place() -> None:
    assert nobody_takes([replace(ROOMY, cpu=0.5)], [MIX] * 5, RELAY) == ()


def test_a_mix_is_refused_where_a_relay_is_not() -> None:
    rooms = [replace(ROOMY, cpu=0.5), replace(ROOMY, cpu=0.9)]

    assert nobody_takes(rooms, (), MIX) == (Resource.CPU,)
    assert nobody_takes(rooms, (), RELAY) == ()
