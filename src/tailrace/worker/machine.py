"""Machine: what this machine, and the control groups that this process is in, have and use, as the kernel tells it.

Linux with cgroup v2. What a kernel or another system does not tell is left out, and then not looked at.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tailrace.model.room_left import Limit, Measured

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MACHINE: Final = "machine"


@dataclass(frozen=True, slots=True)
class Cpu:
    """A limit of cores, and the seconds of processor time that all under it have used so far."""

    cores: float
    spent: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read at the monotonic time `at`. `cpu` is by what limits it.

    `spent` has the processor time of each process of this worker, `ages` the seconds that each of its children has been
    there; `ended` is the time of all children that have ended, and of the process that forks them.
    """

    at: float
    cpu: Mapping[str, Cpu] = field(default_factory=dict)
    spent: Mapping[int, float] = field(default_factory=dict)
    ages: Mapping[int, float] = field(default_factory=dict)
    ended: float = 0.0
    memory: tuple[Limit, ...] = ()
    files: tuple[Limit, ...] = ()
    processes: tuple[Limit, ...] = ()


def measure(before: Snapshot, now: Snapshot, settled: float) -> Measured:
    """Return what was used between two moments. Children younger than `settled` seconds are covered by estimates."""
    # The first look of all has nothing before it: then nothing was used yet.
    seconds = max(now.at - before.at, 1e-3)
    # A child's time moves from `spent` to `ended` when it ends, so that the sum never goes back.
    tree = sum(now.spent.values()) + now.ended - sum(before.spent.values()) - before.ended
    going_on = sum(
        spent - before.spent[pid]
        for pid, spent in now.spent.items()
        if pid in before.spent and now.ages.get(pid, settled) >= settled
    )
    return Measured(
        cpu=tuple(
            Limit(cpu.cores, (cpu.spent - before.cpu[name].spent) / seconds)
            for name, cpu in now.cpu.items()
            if name in before.cpu
        ),
        tree_cpu=tree / seconds,
        settled_cpu=going_on / seconds,
        memory=now.memory,
        files=now.files,
        processes=now.processes,
    )


class Machine:
    """Reads /proc and the control groups; `zygotes` are the processes whose children are the tasks.

    One look takes 1 ms, and 0.07 ms more for each task.
    """

    def __init__(
        self,
        zygotes: Sequence[int],
        proc: Path = Path("/proc"),
        groups: Path = Path("/sys/fs/cgroup"),
        cores: set[int] | None = None,
    ) -> None:
        self._zygotes = zygotes
        self._proc = proc
        self._groups = groups
        self._cores = cores

    def read(self, now: float) -> Snapshot:
        """Return how it is at this moment, which is `now`."""
        groups = list(self._own_groups())
        spent, ages, ended = self._tree()
        return Snapshot(
            now,
            cpu={
                name: cpu for name, cpu in [(_MACHINE, self._cpu()), *((str(g), _group_cpu(g)) for g in groups)] if cpu
            },
            spent=spent,
            ages=ages,
            ended=ended,
            memory=tuple(limit for limit in (self._memory(), *map(_group_memory, groups)) if limit),
            files=tuple(limit for limit in (self._files(),) if limit),
            processes=tuple(limit for limit in (self._processes(), *map(_group_processes, groups)) if limit),
        )

    def _own_groups(self) -> Iterator[Path]:
        """Yield the folder of our control group and those above it. In a container the root is the container's own."""
        own = next(
            (line[3:] for line in _text(self._proc / "self/cgroup").splitlines() if line.startswith("0::")), None
        )
        if own is not None:
            folder = self._groups / own.lstrip("/")
            yield folder
            while folder != self._groups and self._groups in folder.parents:
                folder = folder.parent
                yield folder

    def _cpu(self) -> Cpu | None:
        cores = self._cores if self._cores is not None else allowed_cores()
        ticks = 0
        count = 0
        for line in _text(self._proc / "stat").splitlines():
            name, *numbers = line.split()
            if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in cores:
                user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, numbers)
                # What a hypervisor gives to other machines is not there for us either.
                ticks += user + nice + system + irq + softirq + steal
                count += 1
        return Cpu(count, ticks / _TICKS) if count else None

    def _tree(self) -> tuple[dict[int, float], dict[int, float], float]:
        spent: dict[int, float] = {}
        ages: dict[int, float] = {}
        ended = 0.0
        proc = str(self._proc)
        uptime = float(_text(self._proc / "uptime").partition(" ")[0] or 0)
        children = [
            int(pid)
            for zygote in self._zygotes
            for pid in _text(self._proc / f"{zygote}/task/{zygote}/children").split()
        ]
        for pid in (os.getpid(), *self._zygotes, *children):
            # The program's name comes second, and may hold blanks and brackets.
            fields = _line(f"{proc}/{pid}/stat").rpartition(b")")[2].split()
            if not fields:
                continue  # it has just ended
            user, system, children_user, children_system = map(int, fields[11:15])
            own = (user + system) / _TICKS
            if pid in self._zygotes:
                # It is busy while it loads FFmpeg, and then does nothing: its time is over like that of ended children.
                ended += own + (children_user + children_system) / _TICKS
                continue
            spent[pid] = own
            if pid != os.getpid():
                ages[pid] = uptime - int(fields[19]) / _TICKS
        return spent, ages, ended

    def _memory(self) -> Limit | None:
        sizes = _numbers(self._proc / "meminfo")
        if not {"MemTotal:", "MemAvailable:"} <= sizes.keys():
            return None
        return Limit(sizes["MemTotal:"] * 1024, (sizes["MemTotal:"] - sizes["MemAvailable:"]) * 1024)

    def _files(self) -> Limit | None:
        words = _text(self._proc / "sys/fs/file-nr").split()
        return Limit(float(words[2]), float(words[0])) if len(words) == 3 else None

    def _processes(self) -> Limit | None:
        most = min(
            (n for name in ("pid_max", "threads-max") if (n := _number(self._proc / f"sys/kernel/{name}"))),
            default=None,
        )
        words = _text(self._proc / "loadavg").split()
        return Limit(most, float(words[3].partition("/")[2])) if most and len(words) > 3 else None


def _group_cpu(group: Path) -> Cpu | None:
    quota, _, period = _text(group / "cpu.max").strip().partition(" ")
    used = _numbers(group / "cpu.stat").get("usage_usec")
    return Cpu(int(quota) / int(period), used / 1e6) if quota.isdigit() and used is not None else None


def _group_memory(group: Path) -> Limit | None:
    most, used = _number(group / "memory.max"), _number(group / "memory.current")
    if most is None or used is None:
        return None
    # The kernel gives up files that nobody has read for a while before it ends a process.
    return Limit(most, used - min(used, _numbers(group / "memory.stat").get("inactive_file", 0)))


def _group_processes(group: Path) -> Limit | None:
    most, used = _number(group / "pids.max"), _number(group / "pids.current")
    return None if most is None or used is None else Limit(most, used)


def allowed_cores() -> set[int]:
    """Return the numbers of the cores that this process may run on; none when the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _line(file: str) -> bytes:
    """Return a short file, five times as fast as `_text`: a worker has a hundred of these each second."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 4096)
    except ProcessLookupError:  # it ended between the two
        return b""
    finally:
        os.close(descriptor)


def _number(file: Path) -> int | None:
    """Return a file's number; None for "max", and when there is no such file."""
    text = _text(file).strip()
    return int(text) if text.isdigit() else None


def _numbers(file: Path) -> dict[str, int]:
    """Return the numbers of a file with lines such as `name 5` or `name: 5 kB`, by name."""
    lines = (line.split() for line in _text(file).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}
