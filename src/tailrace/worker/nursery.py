"""Nursery: the processes that fork children: one for relays, and one for mixes, which need twice as much in memory."""

import asyncio

from tailrace.supervise import start
from tailrace.worker import loading
from tailrace.worker.job import Job
from tailrace.worker.zygote import Exit, Zygote


class Nursery:
    """Make it before the event loop runs, and `attach` it to the loop afterwards; then `run` must run.

    The process for mixes loads what they need when the first one comes: who only relays does not pay for it.
    """

    def __init__(self) -> None:
        self._relays = Zygote(loading.for_relays)
        self._mixes = Zygote(loading.for_mixes, lazily=True, beside=[self._relays])
        self._both = (self._relays, self._mixes)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose children the tasks are."""
        return tuple(zygote.pid for zygote in self._both)

    async def attach(self) -> None:
        """Connect to the running event loop."""
        for zygote in self._both:
            await zygote.attach()

    async def watch(self) -> None:
        """Tell of exits and kill children that stand still. Raises ConnectionError when one of the processes died."""
        async with asyncio.TaskGroup() as group:
            for zygote in self._both:
                start(group, zygote.listen(), f"zygote {zygote.pid}")
                start(group, zygote.watch(), f"heartbeats of zygote {zygote.pid}")

    async def run(self, job: Job) -> Exit:
        """Run one child to its end; cancelling asks it to release its task, and waits for that."""
        return await (self._mixes if job.needs_more else self._relays).run(job.encode())

    def kill_all(self) -> None:
        """Kill every child at once."""
        for zygote in self._both:
            zygote.kill_all()

    async def close(self) -> None:
        """End both processes and wait for them."""
        for zygote in self._both:
            await zygote.close()
