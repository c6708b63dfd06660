"""Holding: a lease is kept, given away once, and nothing is said of it when it is another worker's."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tailrace.errors import BusError
from tailrace.ids import TaskId
from tailrace.worker.holding import KEEPS_PER_LEASE, Holding
from tailrace.worker.job import Outcome

ACK_WAIT = 0.03


class Lease:
    """Notes what is said of it; `mute` has the bus be away."""

    def __init__(self, *, mute: bool = False) -> None:
        self.said: list[str] = []
        self.news = asyncio.Event()
        self._mute = mute

    async def keep(self) -> None:
        self._say("keep")

    async def done(self) -> None:
        self._say("done")

    async def give_back(self) -> None:
        self._say("give back")

    async def until(self, words: int) -> None:
        """Wait until so much was said."""
        async with asyncio.timeout(5):
            while len(self.said) < words:
                self.news.clear()
                await self.news.wait()

    def _say(self, word: str) -> None:
        self.said.append(word)
        self.news.set()
        if self._mute:
            raise BusError("away")


def scene(play: Callable[[Holding, Lease], Awaitable[None]], *, mute: bool = False) -> list[str]:
    """Play something with a lease that is being kept; what was said of it."""

    async def run() -> list[str]:
        lease = Lease(mute=mute)
        holding = Holding(TaskId("task"), lease, ACK_WAIT)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(holding.keep())
            await play(holding, lease)
            if not holding.given:  # then it ends by itself
                keeping.cancel()
        return lease.said

    return asyncio.run(run())


@pytest.mark.parametrize("mute", [False, True])
def test_a_lease_is_kept_alive_again_and_again(mute: bool) -> None:
    async def play(_: Holding, lease: Lease) -> None:
        await lease.until(KEEPS_PER_LEASE + 1)

    assert set(scene(play, mute=mute)) == {"keep"}


def test_a_lease_that_was_given_away_is_kept_no_more() -> None:
    async def play(holding: Holding, lease: Lease) -> None:
        assert not holding.given
        holding.leave()
        holding.leave()
        await lease.until(1)
        assert holding.given

    assert scene(play) == ["give back"]


@pytest.mark.parametrize(
    ("outcome", "word"), [(Outcome.ENDED, ["done"]), (Outcome.RELEASED, ["give back"]), (Outcome.FENCED, [])]
)
def test_how_a_child_ended_decides_what_becomes_of_its_lease(outcome: Outcome, word: list[str]) -> None:
    async def play(holding: Holding, _: Lease) -> None:
        await holding.settle(outcome)

    assert scene(play) == word


@pytest.mark.parametrize(("outcome", "word"), [(Outcome.ENDED, ["done"]), (Outcome.RELEASED, []), (Outcome.FENCED, [])])
def test_of_a_lease_that_was_given_away_only_the_tasks_end_is_told(outcome: Outcome, word: list[str]) -> None:
    async def play(holding: Holding, lease: Lease) -> None:
        holding.leave()
        await lease.until(1)
        await holding.settle(outcome)

    assert scene(play) == ["give back", *word]
