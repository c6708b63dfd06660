"""What the kernel tells of a machine, read from a folder like /proc, and what it means between two moments."""

import os
from pathlib import Path

import pytest

from tailrace.model.room_left import Limit
from tailrace.worker.machine import Cpu, Machine, Snapshot, measure

TICKS = os.sysconf("SC_CLK_TCK")
ZYGOTE, CHILD = 4_000_001, 4_000_002
GB = 2**30


def write(folder: Path, **files: str) -> None:
    """Write files by their path, in which `__` stands for a slash and `_D_` for a dot."""
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_D_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def stat(user: float, system: float, children: float = 0.0, started: float = 0.0) -> str:
    """A process's stat: seconds of its own, of its ended children, and when it began after the boot."""
    before = "7 (a (strange) name) S" + " 0" * 10
    times = [round(seconds * TICKS) for seconds in (user, system, children, 0)]
    return f"{before} {' '.join(map(str, times))} 0 0 1 0 {round(started * TICKS)} 0 0"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine of four cores, of which we may use two, with a zygote that has one child."""
    folder = tmp_path / "proc"
    busy, idle = f"{2 * TICKS} 0 {TICKS} {50 * TICKS} 9 0 0 {TICKS}", "0 0 0 0 0 0 0 0"
    write(
        folder,
        stat=f"cpu  1 2 3 4 5 6 7 8\ncpu0 {busy} 0 0\ncpu1 {idle} 0 0\ncpu2 {busy} 0 0\ncpu3 {busy} 0 0\nintr 5\n",
        meminfo="MemTotal:  8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n",
        loadavg="0.1 0.2 0.3 1/250 99\n",
        uptime="1000.0 5.0\n",
        sys__fs__file_nr="0",
        sys__kernel__pid_max="32768\n",
        self__cgroup="1:cpu:/\n0::/service/part\n",
    )
    write(folder / "sys/kernel", **{"threads-max": "4000\n"})
    write(folder / "sys/fs", **{"file-nr": "500\t0\t9000\n"})
    write(folder / str(ZYGOTE), stat=stat(1, 0.5, children=7), **{f"task__{ZYGOTE}__children": f"{CHILD} 4000003 "})
    write(folder / str(CHILD), stat=stat(3, 1, started=990))
    write(folder / str(os.getpid()), stat=stat(0.25, 0.25))
    return folder


def read(proc: Path, groups: Path) -> Snapshot:
    """Read it as a process that may run on the cores 0 and 1."""
    return Machine([ZYGOTE], proc, groups, {0, 1}).read(100.0)


def test_the_machine_and_the_processes_of_this_worker_are_read(proc: Path, tmp_path: Path) -> None:
    seen = read(proc, tmp_path / "none")

    assert seen.cpu == {"machine": Cpu(2, 4.0)}
    assert seen.spent == {os.getpid(): 0.5, CHILD: 4.0}
    assert (seen.ages, seen.ended) == ({CHILD: 10.0}, 1.5 + 7.0)
    assert seen.memory == (Limit(8 * GB, 2 * GB),)
    assert seen.files == (Limit(9000, 500),)
    assert seen.processes == (Limit(4000, 250),)


def test_limits_of_every_control_group_above_us_are_read(proc: Path, tmp_path: Path) -> None:
    groups = tmp_path / "groups"
    write(
        groups / "service",
        cpu_D_max="150000 100000\n",
        cpu_D_stat="usage_usec 2500000\nuser_usec 1\n",
        memory_D_max="1000\n",
        memory_D_current="700\n",
        memory_D_stat="anon 5\ninactive_file 200\n",
        pids_D_max="max\n",
        pids_D_current="5\n",
    )
    write(groups / "service/part", cpu_D_max="max 100000\n", pids_D_max="64\n", pids_D_current="9\n")

    seen = read(proc, groups)

    assert seen.cpu == {"machine": Cpu(2, 4.0), str(groups / "service"): Cpu(1.5, 2.5)}
    assert seen.memory[1:] == (Limit(1000, 500),)
    assert seen.processes[1:] == (Limit(64, 9),)


def test_a_system_without_proc_has_no_limits(tmp_path: Path) -> None:
    assert read(tmp_path, tmp_path) == Snapshot(100.0)


def test_the_real_machine_has_cores_memory_and_processes() -> None:
    seen = Machine([os.getppid()]).read(0.0)

    assert seen.cpu["machine"].cores >= 1
    assert seen.memory[0].most > seen.memory[0].used > 0
    assert seen.spent[os.getpid()] > 0


def test_use_is_what_was_spent_between_two_moments() -> None:
    before = Snapshot(10.0, {"machine": Cpu(2, 100.0)}, {1: 5.0, 2: 1.0}, {2: 50.0}, ended=3.0)
    now = Snapshot(12.0, {"machine": Cpu(2, 103.0)}, {1: 5.5, 2: 2.0}, {2: 52.0}, ended=3.0)

    measured = measure(before, now, settled=10.0)

    assert measured.cpu == (Limit(2, 1.5),)
    assert (measured.tree_cpu, measured.settled_cpu) == (0.75, 0.75)


def test_a_child_that_ended_counts_for_the_past_and_not_for_the_future() -> None:
    before = Snapshot(10.0, spent={1: 5.0, 2: 1.0}, ages={2: 50.0}, ended=3.0)
    now = Snapshot(12.0, spent={1: 5.0}, ages={}, ended=5.0)

    measured = measure(before, now, settled=10.0)

    assert (measured.tree_cpu, measured.settled_cpu) == (0.5, 0.0)


@pytest.mark.parametrize(("age", "settled"), [(9.0, 0.0), (10.0, 1.0)])
def test_a_young_child_is_left_to_its_estimate(age: float, settled: float) -> None:
    before = Snapshot(10.0, spent={2: 1.0}, ages={2: age - 1})
    now = Snapshot(11.0, spent={2: 2.0}, ages={2: age})

    measured = measure(before, now, settled=10.0)

    assert (measured.tree_cpu, measured.settled_cpu) == (1.0, settled)


def test_the_first_look_of_all_finds_nothing_used() -> None:
    only = Snapshot(10.0, {"machine": Cpu(2, 100.0)}, {1: 5.0})

    assert measure(only, only, settled=10.0).cpu == (Limit(2, 0.0),)
