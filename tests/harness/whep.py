"""A viewer over WHEP: aiortc, with an event loop of its own in a thread, which decodes all that it gets."""

import asyncio
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack


@dataclass(frozen=True, slots=True)
class Answer:
    """What HTTP answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(slots=True)
class Seen:
    """Decoded frames of one track, each with the monotonic time at which it came."""

    pictures: list[tuple[float, av.VideoFrame]] = field(default_factory=list)
    sounds: list[tuple[float, av.AudioFrame]] = field(default_factory=list)


def post(url: str, offer: str, bearer: str = "", content_type: str = "application/sdp") -> Answer:
    """POST an offer."""
    return request("POST", url, offer.encode(), {"Content-Type": content_type}, bearer)


def request(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = {}, bearer: str = "") -> Answer:
    """Ask, and return the answer whatever its status."""
    asked = urllib.request.Request(url, body or None, dict(headers), method=method)
    if bearer:
        asked.add_header("Authorization", f"Bearer {bearer}")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read().decode())


class WhepViewer:
    """`with WhepViewer(url, bearer) as viewer:` watches until the end of the block.

    `via` may change the answer before it is used: to send its media through a proxy.
    """

    def __init__(self, url: str, bearer: str = "", via: Callable[[str], str] = lambda sdp: sdp) -> None:
        self.seen = Seen()
        self.answer: Answer
        self._url, self._bearer, self._via = url, bearer, via
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="WHEP viewer", daemon=True)
        self._receiving: list[asyncio.Task[None]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._watch()).result(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def session(self) -> str:
        """The address of the session."""
        scheme, _, rest = self._url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{self.answer.headers['location']}"

    @property
    def state(self) -> str:
        """The state of the connection, in WebRTC's words."""
        return str(self._connection.connectionState)

    def since_first_picture(self) -> float:
        """Seconds since the first picture came."""
        return time.monotonic() - self.seen.pictures[0][0]

    def _do(self, work: Any) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _watch(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self._on_track)
        for kind in ("audio", "video"):
            self._connection.addTransceiver(kind, direction="recvonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        offer = self._connection.localDescription.sdp
        self.answer = await asyncio.to_thread(post, self._url, offer, self._bearer)
        assert self.answer.status == 201, self.answer
        await self._connection.setRemoteDescription(RTCSessionDescription(self._via(self.answer.body), "answer"))

    async def _end(self) -> None:
        await self._connection.close()
        for task in self._receiving:
            task.cancel()
        await asyncio.gather(*self._receiving, return_exceptions=True)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._receiving.append(self._loop.create_task(self._receive(track)))

    async def _receive(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    self.seen.pictures.append((time.monotonic(), frame))
                elif isinstance(frame, av.AudioFrame):
                    self.seen.sounds.append((time.monotonic(), frame))
        except MediaStreamError:
            return


def offer(*kinds: str) -> str:
    """Return an offer to receive these kinds, which nobody waits behind."""

    async def make() -> str:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind in kinds or ("audio", "video"):
            connection.addTransceiver(kind, direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        text = connection.localDescription.sdp
        await connection.close()
        return str(text)

    return asyncio.run(make())
