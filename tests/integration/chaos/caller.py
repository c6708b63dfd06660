"""Caller: somebody who starts, updates and stops relays by seed, and keeps what he was told."""

import contextlib
import random
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn

ROOM, USER = "storm", "anna"
# What two cores relay beside the tests' own ffmpeg without becoming late.
MOST_TASKS = 4
PAUSES = (0.2, 1.5)
# Longer than any storm may leave a publisher away.
MAX_IDLE = 120


@dataclass(slots=True)
class Told:
    """A task of which the start was acknowledged.

    `main` is the stream that it pushes for as long as it runs; `second` is one that updates have added, nothing when
    they have ended it; None while an update got no answer, so that both may be. `stopping`: a stop was asked for, and
    acknowledged at `stopped_at`, in Unix seconds.
    """

    task: str
    main: str
    second: str | None = ""
    former: set[str] = field(default_factory=set)
    sequence: int = 0
    stopping: bool = False
    stopped_at: float | None = None


class Caller:
    """`with Caller(...)` calls in a thread of its own until the end of the block. `clouds`: whom he may call."""

    def __init__(self, clouds: list[Cloud], cdn: HostedCdn, seed: int, label: str) -> None:
        self.told: list[Told] = []
        self.answers = 0
        """Acknowledged calls."""
        self.refusals: list[str] = []
        self._clouds = clouds
        self._cdn = cdn
        self._label = label
        self._chance = random.Random(seed)
        self._names = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caller")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def running(self) -> list[Told]:
        """Tasks of which nobody asked for a stop."""
        return [told for told in self.told if not told.stopping]

    def stop(self, told: Told) -> None:
        """Stop a task. Raises CloudError when it is not acknowledged; then it is to be asked for again."""
        told.stopping = True
        self._cloud().stop(told.task)
        told.stopped_at = time.time()

    def _cloud(self) -> Cloud:
        return self._chance.choice(self._clouds)

    def _run(self) -> None:
        while not self._over.wait(self._chance.uniform(*PAUSES)):
            try:
                self._act()
                self.answers += 1
            except CloudError as error:
                self.refusals.append(f"{error.code}: {error.message}")

    def _act(self) -> None:
        unstopped = [told for told in self.told if told.stopping and told.stopped_at is None]
        if unstopped:
            self.stop(unstopped[0])
            return
        kind = self._chance.choice(("start", "start", "update", "stop"))
        if kind == "start" and len(self.running) < MOST_TASKS:
            self._start()
        elif self.running:
            told = self._chance.choice(self.running)
            if kind == "stop":
                self.stop(told)
            else:
                self._update(told)

    def _start(self) -> None:
        name = self._next_name()
        task = self._cloud().start(ROOM, USER, [self._cdn.url(name)], robot=name, max_idle=MAX_IDLE)
        self.told.append(Told(task, name))

    def _update(self, told: Told) -> None:
        """Add a second push, or end it; the first one stays."""
        second = "" if told.second else self._next_name()
        told.former |= {name for name in (told.second, second) if name}
        told.sequence, told.second = told.sequence + 1, None
        targets = [{"PublishCdnUrl": self._cdn.url(name), "IsTencentCdn": 0} for name in (told.main, second) if name]
        self._cloud().update(told.task, told.sequence, mix=False, PublishCdnParams=targets)
        told.second = second
        told.former.discard(second)

    def _next_name(self) -> str:
        self._names += 1
        return f"{self._label}-{self._names}"

    def finish(self, told: Told) -> bool:
        """Stop a task and say whether it was acknowledged."""
        with contextlib.suppress(CloudError):
            self.stop(told)
        return told.stopped_at is not None
