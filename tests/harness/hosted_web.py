"""HostedWeb: FakeWeb for tests that are not asynchronous."""

from tests.fakes.web import Answer, FakeWeb
from tests.harness.hosted import Hosted


class HostedWeb(Hosted):
    """`with HostedWeb() as web:`."""

    def __init__(self) -> None:
        super().__init__("fake web")

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

    async def _live(self) -> None:
        async with FakeWeb() as self._web:
            self._started.set()
            await self._ending.wait()
