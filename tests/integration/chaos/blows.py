"""Blows: what happens to which process when, all of it decided by a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

# Children are hit most: all else is started once and serves many tasks.
VICTIMS = ("child", "child", "child", "worker", "zygote", "control", "ingest", "nats-server")
# Half of them shorter than a lease (3 s) and than a child may stand still (3 s), half longer.
LONGEST_FREEZE = 6.0
# Some blows come while what was hit before still recovers, others find all of it well.
PAUSES = (0.3, 4.0)


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow: kill -9, or SIGSTOP for `frozen` seconds and SIGCONT then; and a pause after it.

    `which` chooses among those there are of the victim's kind: the one at this share of their list.
    """

    victim: str
    which: float
    frozen: float | None
    pause: float

    def describe(self) -> str:
        """Say it in words."""
        return f"{'kill' if self.frozen is None else f'freeze for {self.frozen:.1f} s'} {self.victim}"


def blows(seed: int) -> Iterator[Blow]:
    """Return the endless sequence of a seed."""
    chance = random.Random(seed)
    while True:
        yield Blow(
            chance.choice(VICTIMS),
            chance.random(),
            chance.uniform(0.2, LONGEST_FREEZE) if chance.random() < 0.5 else None,
            chance.uniform(*PAUSES),
        )
