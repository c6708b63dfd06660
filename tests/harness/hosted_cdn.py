"""HostedCdn: FakeCdn for tests that are not asynchronous."""

import ssl
import threading
from collections.abc import Callable

from tests.fakes.cdn import FakeCdn, Stream
from tests.harness.hosted import Hosted
from tests.harness.waiting import eventually
from tests.media.received import Received


class HostedCdn(Hosted):
    """`with HostedCdn() as cdn:`; a second one on the same `port` is the machine that comes back."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__("fake CDN")
        self.port = port
        self._tls = tls

    def close(self) -> None:
        """Break all connections and end; twice is harmless."""
        self.end()

    def misbehave(self, how: Callable[[FakeCdn], None]) -> None:
        """Do something with the FakeCdn, such as `FakeCdn.refuse`."""
        done = threading.Event()

        def do() -> None:
            how(self._cdn)
            done.set()

        self._loop.call_soon_threadsafe(do)
        assert done.wait(10), "the fake CDN is stuck"

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        """Return a push URL."""
        return f"{'rtmps' if self._tls else 'rtmp'}://{host}:{self.port}/live/{name}"

    def names(self) -> list[str]:
        """Return the names of all that was published, in order."""
        return list(dict.fromkeys(stream.name for stream in list(self._cdn.streams) if stream.name))

    def streams(self, name: str) -> list[Stream]:
        """Return all that was published under this name, the oldest first."""
        return [stream for stream in list(self._cdn.streams) if stream.name == name]

    def stream(self, name: str) -> Stream:
        """Return the newest of them, once it is there."""
        return eventually(lambda: self.streams(name), f"a publish of {name}")[-1]

    def pictures(self, name: str) -> int:
        """Return how many video messages came under this name, over all connections."""
        return sum(len(stream.video) for stream in self.streams(name))

    def until_more(self, name: str, pictures: int) -> None:
        """Wait for so many more pictures."""
        before = self.pictures(name)
        eventually(lambda: self.pictures(name) >= before + pictures, f"{pictures} more pictures at {name}")

    def until(self, name: str, pictures: int) -> None:
        """Wait until so many came in all; for several streams that flow beside each other."""
        eventually(lambda: self.pictures(name) >= pictures, f"{pictures} pictures at {name}")

    def received(self, name: str) -> Received:
        """Return what came under this name so far, over all connections, for a look at its content."""
        streams = self.streams(name)
        return Received([m for s in streams for m in list(s.video)], [m for s in streams for m in list(s.audio)])

    def until_ended(self, name: str) -> Stream:
        """Wait until the newest connection of this name is over, and return it."""
        stream = self.stream(name)
        eventually(lambda: {"closed", "lost"} & set(stream.events), f"the end of {name}")
        return stream

    async def _live(self) -> None:
        async with FakeCdn(self.port, self._tls) as self._cdn:
            self.port = self._cdn.port
            self._started.set()
            await self._ending.wait()
