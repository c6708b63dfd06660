"""Hosted: something asynchronous on an event loop of its own, in a thread, for tests that are not asynchronous."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.harness.waiting import DEADLINE


class Hosted:
    """`with` it, it runs: `_live` sets `_started` once it is there, and ends soon after `_ending` is set.

    What fails before it has started is raised to whoever enters.
    """

    def __init__(self, name: str) -> None:
        self._started = threading.Event()
        self._failure: OSError | AssertionError | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(DEADLINE), f"{self._thread.name} does not start"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Let it end, and wait; twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(DEADLINE)

    async def _live(self) -> None:
        raise NotImplementedError

    async def _run(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._live()
        except (OSError, AssertionError) as error:
            if self._started.is_set():
                raise
            self._failure = error
            self._started.set()
