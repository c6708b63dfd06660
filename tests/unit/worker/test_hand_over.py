"""HandOver: what threads make comes in order, and only to whom the task belongs."""

import asyncio

from tailrace.supervise import start, stop
from tailrace.worker.hand_over import HandOver

MOST = 5


def handed_over(made: int, *, ours: bool = True) -> list[int]:
    """Have a thread make so many at once, and return what came of them."""
    taken: list[int] = []
    asked = asyncio.Semaphore(0)

    async def still_ours() -> bool:
        asked.release()
        return ours

    def work(way: HandOver[int]) -> None:
        for number in range(made):
            way.put(number)

    async def run() -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            way = HandOver(taken.append, still_ours, MOST)
            await asyncio.to_thread(work, way)
            running = start(group, way.run(), "hand over")
            for _ in range(min(made, MOST)):
                await asked.acquire()
            await stop(running)

    asyncio.run(run())
    return taken


def test_what_a_thread_makes_comes_in_its_order() -> None:
    assert handed_over(MOST) == [*range(MOST)]


def test_nothing_comes_once_the_task_is_another_childs() -> None:
    assert handed_over(1, ours=False) == []


def test_when_too_much_waits_the_oldest_is_given_up() -> None:
    assert handed_over(MOST + 2) == [*range(2, MOST + 2)]
