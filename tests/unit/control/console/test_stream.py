"""Stream: what goes to one browser, and when that ends."""

import asyncio
from collections.abc import Callable, Collection, Mapping, MutableMapping
from functools import partial
from typing import Any

from tailrace.control.console.follower import Follower, Name, Told
from tailrace.control.console.stream import EventStream
from tailrace.ids import SdkAppId

APP = SdkAppId(1)


class Source:
    """A source with nothing in it, which notes who has left."""

    def __init__(self) -> None:
        self.left: list[Follower] = []

    def snapshot(self, apps: Collection[SdkAppId]) -> Mapping[str, Any]:
        """Return nothing."""
        return {"Rooms": [], "Tasks": []}

    def leave(self, follower: Follower) -> None:
        """Take note."""
        self.left.append(follower)


class Peer:
    """A browser as ASGI shows it: `go` makes it leave, `sleep` makes it take nothing after so many messages."""

    def __init__(self, sleep: int = 1000) -> None:
        self.received: list[str] = []
        self._sleep = sleep
        self._gone = asyncio.Event()
        self.began = asyncio.Event()
        self.on_event: Callable[[str], None] = lambda _: None

    def go(self) -> None:
        """Close the page."""
        self._gone.set()

    async def receive(self) -> MutableMapping[str, Any]:
        """Wait until it goes."""
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take a message, or wait for ever."""
        if len(self.received) >= self._sleep:
            await asyncio.Event().wait()
        self.received.append(message.get("body", b"head").decode())
        if "snapshot" in self.received[-1]:
            self.began.set()
        self.on_event(self.received[-1].partition("\n")[0])


def stream(peer: Peer, then: Callable[[Follower], None] = lambda _: None, **limits: float) -> Source:
    """Serve one browser to the end, within some seconds; `then` is done when it has had its snapshot."""
    source, follower = Source(), Follower([APP], [APP])

    async def act() -> None:
        await peer.began.wait()
        then(follower)

    async def main() -> None:
        follower.renew()
        response = EventStream(source, follower, **{"seconds": 60.0, **limits})
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            group.create_task(act())
            await response({}, peer.receive, peer.send)

    asyncio.run(main())
    assert source.left == [follower]
    return source


def test_a_browser_gets_a_snapshot_then_changes_then_the_end() -> None:
    peer = Peer()

    def then(follower: Follower) -> None:
        peer.on_event = lambda event: follower.end() if event == "event: task" else None
        follower.put(Told(Name.TASK, APP, "task", partial(dict, TaskId="é")))

    stream(peer, then)

    assert peer.received[1:] == [
        "retry: 1000\n\n",
        'event: snapshot\ndata: {"Rooms":[],"Tasks":[]}\n\n',
        'event: task\ndata: {"TaskId":"\\u00e9"}\n\n',
        "",
    ]


def test_while_the_bus_is_away_a_browser_is_told_so() -> None:
    peer = Peer()

    def then(follower: Follower) -> None:
        peer.on_event = lambda event: follower.end() if event == "event: away" else None
        follower.leave_off()

    stream(peer, then)

    assert "event: away\ndata: {}\n\n" in peer.received


def test_who_goes_is_followed_no_more() -> None:
    peer = Peer()

    stream(peer, lambda _: peer.go())

    assert "" not in peer.received


def test_who_takes_nothing_is_given_up() -> None:
    peer = Peer(sleep=3)

    def then(follower: Follower) -> None:
        follower.put(Told(Name.TASK, APP, "task", dict))

    stream(peer, then, stall=0.1)

    assert len(peer.received) == 3


def test_a_session_that_ends_ends_its_stream() -> None:
    peer = Peer()

    stream(peer, seconds=0.1)

    assert "snapshot" in peer.received[-1]
