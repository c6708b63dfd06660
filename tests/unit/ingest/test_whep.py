"""One session of a viewer, from its offer to the end of its peer."""

import asyncio
from typing import cast

from tailrace.ingest.viewer import Viewer
from tailrace.ingest.watching import Watched
from tailrace.ingest.whep import WhepSession
from tailrace.net.webrtc.peer import Closed, How, Peer
from tailrace.wire.sdp import parse_offer
from tests.harness.waiting import DEADLINE
from tests.unit.wire.test_viewing import AUDIO, sdp


class Line:
    """A peer's ends, without a network."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[Closed] = loop.create_future()

    def close(self) -> None:
        if not self.closed.done():
            self.closed.set_result(Closed(How.ORDERLY, "closed here"))


class Stream:
    """Notes who watches."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.joined = asyncio.Event()

    def join(self, viewer: Viewer) -> None:
        self.steps.append("join")
        self.joined.set()

    def leave(self, viewer: Viewer) -> None:
        self.steps.append("leave")


def session_of(line: Line, stream: Stream) -> WhepSession:
    return WhepSession(cast(Peer, line), parse_offer(sdp(AUDIO)), cast(Watched, stream), cast(Viewer, None))


def watch(how: How | None, *, connects: bool = True) -> tuple[list[str], str]:
    """Run a session whose peer connects and ends like this; None: it is ended from here."""

    async def run() -> tuple[list[str], str]:
        line, stream = Line(), Stream()
        session = session_of(line, stream)
        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            running = group.create_task(session.run())
            if connects:
                line.connected.set_result(None)
                await stream.joined.wait()
            if how is None:
                await session.end()
                await session.end()
            else:
                line.closed.set_result(Closed(how, how.name))
        return stream.steps, running.result()

    return asyncio.run(run())


def test_a_viewer_who_vanishes_leaves() -> None:
    assert watch(How.LOST) == (["join", "leave"], "LOST")


def test_a_viewer_who_says_good_bye_leaves() -> None:
    assert watch(How.ORDERLY) == (["join", "leave"], "ORDERLY")


def test_a_session_that_is_deleted_ends() -> None:
    assert watch(None) == (["join", "leave"], "closed here")


def test_one_whose_peer_never_comes_shows_nothing() -> None:
    assert watch(How.FAILED, connects=False) == (["leave"], "FAILED")


def test_the_etag_changes_only_with_a_restart() -> None:
    async def run() -> tuple[str, str]:
        session = session_of(Line(), Stream())
        before = session.etag
        assert session.patch("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=end-of-candidates\r\n") is None
        return before, session.etag

    before, after = asyncio.run(run())
    assert before == after
