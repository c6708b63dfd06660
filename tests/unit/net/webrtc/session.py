"""One session between the endpoint and a fake browser, on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tailrace.config import Listen, WebRtc
from tailrace.ids import SdkAppId, UserId
from tailrace.net.webrtc import udp
from tailrace.net.webrtc.peer import Peer
from tailrace.net.webrtc.udp import Endpoint
from tailrace.wire.sdp import Setup
from tests.fakes.browser import DEADLINE, Browser

FREE = Listen(webrtc=0)
_AGAIN = 0.5


@dataclass
class Session:
    """Both sides, and what the server's side has received."""

    endpoint: Endpoint
    peer: Peer
    browser: Browser
    rtp: list[bytes] = field(default_factory=list)
    rtcp: list[bytes] = field(default_factory=list)

    async def settle(self) -> None:
        """Wait until the endpoint has read all that was sent: a check that comes after it is answered.

        Where the kernel has no room for the check, it is sent again.
        """
        async with asyncio.timeout(DEADLINE):
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN):
                        await self.browser.check(nominate=False)
                        return


ANNA: Final = SdkAppId(1400000001), UserId("anna")


async def join(endpoint: Endpoint, browser: Browser, *, lost_after: float = 10) -> Session:
    """Have the endpoint wait for `browser`."""
    peer = await endpoint.peer(ANNA, lost_after)
    session = Session(endpoint, peer, browser)
    peer.on_rtp = lambda packet, _: session.rtp.append(packet)
    peer.on_rtcp = lambda packet, _: session.rtcp.append(packet)
    peer.start(browser.offer)
    browser.server = peer.local
    return session


@asynccontextmanager
async def serving(settings: WebRtc | None = None) -> AsyncIterator[Endpoint]:
    """An endpoint on a free port."""
    async with udp.serving(FREE, settings or WebRtc(), 10) as endpoint:
        yield endpoint


@asynccontextmanager
async def session(
    settings: WebRtc | None = None, *, lost_after: float = 10, setup: Setup = Setup.ACTPASS
) -> AsyncIterator[Session]:
    """An endpoint that waits for a browser."""
    async with serving(settings) as endpoint:
        with Browser(setup=setup) as browser:
            yield await join(endpoint, browser, lost_after=lost_after)


@asynccontextmanager
async def connected(
    settings: WebRtc | None = None, *, lost_after: float = 10, setup: Setup = Setup.ACTPASS
) -> AsyncIterator[Session]:
    """A browser that has come through."""
    async with session(settings, lost_after=lost_after, setup=setup) as made:
        await made.browser.connect()
        await made.peer.connected
        yield made
