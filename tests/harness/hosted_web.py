"""HostedWeb: FakeWeb on an event loop of its own, in a thread, for tests that are not asynchronous themselves."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.fakes.web import Answer, FakeWeb


class HostedWeb:
    """`with HostedWeb() as web:`."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="fake web")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10), "the fake web does not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    def serve(self, path: str, answer: Answer | bytes) -> str:
        """Answer a path so from now on, with a file or in another way; return its address."""
        return self._web.serve(path, answer).reveal()

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return self._web.url(path).reveal()

    def asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return self._web.asked[path]

    def release(self) -> None:
        """Let those answers come that are late."""
        self._loop.call_soon_threadsafe(self._web.released.set)

    async def _run(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        async with FakeWeb() as self._web:
            self._started.set()
            await self._ending.wait()
