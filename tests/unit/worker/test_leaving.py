"""Leaving: a few tasks move at a time; one that nobody takes does not keep the others."""

import asyncio

from tailrace.ids import TaskId
from tailrace.supervise import stop
from tailrace.worker.holding import Holding
from tailrace.worker.leaving import AT_ONCE, Held, hand_over


class Others:
    """Other workers, which take what is given away when they are told to."""

    def __init__(self, group: asyncio.TaskGroup, tasks: int) -> None:
        self.given: list[int] = []
        self.news = asyncio.Event()
        self.taken = [asyncio.Event() for _ in range(tasks)]
        self.running = {TaskId(str(number)): self._held(group, number) for number in range(tasks)}

    def _held(self, group: asyncio.TaskGroup, number: int) -> Held:
        holding = Holding(TaskId(str(number)), _Lease(self, number), 3.0)
        group.create_task(holding.keep())
        return Held(holding, group.create_task(self._run(number)))

    async def _run(self, number: int) -> None:
        await self.taken[number].wait()

    async def until_given(self, count: int) -> None:
        """Wait until so many have been given away."""
        async with asyncio.timeout(5):
            while len(self.given) < count:
                self.news.clear()
                await self.news.wait()


class _Lease:
    def __init__(self, others: Others, number: int) -> None:
        self._others, self._number = others, number

    async def keep(self) -> None: ...

    async def done(self) -> None: ...

    async def give_back(self) -> None:
        self._others.given.append(self._number)
        self._others.news.set()


def test_tasks_move_a_few_at_a_time_until_all_are_gone() -> None:
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            others = Others(group, AT_ONCE + 2)
            leaving = group.create_task(hand_over(others.running))
            await others.until_given(AT_ONCE)
            assert others.given == list(range(AT_ONCE))

            others.taken[1].set()
            await others.until_given(AT_ONCE + 1)
            assert not leaving.done()

            for taken in others.taken:
                taken.set()
            await leaving
            assert others.given == list(range(AT_ONCE + 2))

    asyncio.run(run())


def test_what_nobody_takes_goes_on_here_when_the_handing_over_is_given_up() -> None:
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            others = Others(group, 2)
            leaving = group.create_task(hand_over(others.running))
            await others.until_given(2)

            await stop(leaving)

            assert all(not held.task.done() for held in others.running.values())
            for taken in others.taken:
                taken.set()

    asyncio.run(run())


def test_nothing_to_hand_over_is_handed_over_at_once() -> None:
    asyncio.run(hand_over({}))
