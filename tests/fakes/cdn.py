"""FakeCdn: an RTMP CDN on a real socket that records what is pushed to it, and misbehaves when told to."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, cast

from tailrace.errors import PeerError
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.event import Audio, Called, Connected, Ended, Event, Metadata, PublishRequested, Video
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.server import ServerConnection, State


@dataclass
class Stream:
    """What came over one connection. `events` has the commands in order, and at the end "closed" or "lost".

    "closed": the client ended its half in order, whatever it had said before. "lost": the connection broke.
    `video_arrived` says when each message of `video` came, in Unix seconds.
    """

    app: str = ""
    name: str = ""
    query: str = ""
    metadata: dict[str, Value] = field(default_factory=dict)
    audio: list[tuple[int, bytes]] = field(default_factory=list)
    video: list[tuple[int, bytes]] = field(default_factory=list)
    video_arrived: list[float] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether it was accepted and has not ended."""
        return "publish" in self.events and not {"closed", "lost"} & set(self.events)


class FakeCdn:
    """`async with FakeCdn() as cdn`: takes every stream, until told to misbehave.

    `receive_buffer` in bytes is what its kernel takes of a connection that is not read; the kernel's own choice grows.
    """

    def __init__(
        self, port: int = 0, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", receive_buffer: int = 0
    ) -> None:
        self.host = host
        self.port = port
        self._tls = tls
        self._receive_buffer = receive_buffer
        self.streams: list[Stream] = []
        self.connections: list[_Connection] = []
        self.refusal: str | None = None
        self.refusing_apps = False
        self.stalling = False
        self.silent = False
        self.deaf = False
        self.exclusive = False
        self.bytes_per_second = 0
        self.reset_after: float | None = None
        self.changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port, ssl=self._tls)
        (listening,) = self._server.sockets
        if self._receive_buffer:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        self.port = listening.getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for connection in self.connections:
            connection.transport.abort()
        await asyncio.gather(*(connection.gone.wait() for connection in self.connections))

    def url(self, name: str) -> str:
        """Return a push URL."""
        return f"{'rtmps' if self._tls else 'rtmp'}://{self.host}:{self.port}/live/{name}"

    def refuse(self, code: str | None = "NetStream.Publish.BadName") -> None:
        """Answer publish with this code; None: accept again."""
        self.refusal = code

    def refuse_apps(self, on: bool = True) -> None:
        """Answer connect with NetConnection.Connect.Rejected."""
        self.refusing_apps = on

    def refuse_names_in_use(self, on: bool = True) -> None:
        """Let only one publish a name at a time, as nginx does."""
        self.exclusive = on

    def stall(self, on: bool = True) -> None:
        """Accept connections and then neither read nor say anything, on those that are open too."""
        self.stalling = on
        for connection in self.connections:
            connection.stall(on)

    def silent_after_publish(self, on: bool = True) -> None:
        """Do everything but answer publish."""
        self.silent = on

    def deaf_after_accept(self, on: bool = True) -> None:
        """Accept streams, and then read nothing of them."""
        self.deaf = on

    def slow(self, bytes_per_second: int = 0) -> None:
        """Read no faster than that, on connections that are open too; 0: as fast as it comes."""
        self.bytes_per_second = bytes_per_second

    def reset_each_after(self, seconds: float | None) -> None:
        """Break each connection so many seconds after its stream was accepted; None: no more."""
        self.reset_after = seconds

    def half_close(self) -> None:
        """End our half of all connections, and go on reading."""
        for connection in self.connections:
            connection.half_close()

    def reset(self) -> None:
        """Break all connections, like a machine that died and came back."""
        for connection in self.connections:
            connection.transport.abort()

    def turn_out(self, code: str = "NetStream.Publish.Denied") -> None:
        """Tell all publishers to go, and hang up."""
        for connection in self.connections:
            connection.turn_out(code)

    def ping(self) -> None:
        """Ask every client for a sign of life."""
        for connection in self.connections:
            connection.ping()

    async def wait_for(self, condition: Callable[[], object], timeout: float = 5.0) -> None:
        """Wait until the condition holds; looked at whenever something arrives. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class _Connection(asyncio.Protocol):
    def __init__(self, cdn: FakeCdn) -> None:
        self.gone = asyncio.Event()
        self.stream = Stream()
        self._cdn = cdn
        self._core = ServerConnection(os.urandom(RANDOM_SIZE))
        self._core.full = cdn.refusing_apps
        self._timers: list[asyncio.TimerHandle] = []

    def half_close(self) -> None:
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def stall(self, on: bool) -> None:
        if self.transport.is_closing():
            return
        if on:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def ping(self) -> None:
        self._core.ping(0)
        self._flush()

    def turn_out(self, code: str) -> None:
        self._core.turn_out(code, "out")
        self._flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._cdn.connections.append(self)
        self._cdn.streams.append(self.stream)
        if self._cdn.stalling:
            # A turn later: the first versions of Python 3.11 begin to read after this call, whatever was said in it.
            asyncio.get_running_loop().call_soon(self.stall, True)

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._core.receive(data):
                self._note(event)
        except PeerError as error:
            self.stream.events.append(f"error: {error}")
            self.transport.abort()
        self._flush()
        if self._cdn.bytes_per_second:
            self.stall(True)
            self._later(len(data) / self._cdn.bytes_per_second, lambda: self.stall(False))
        self._cdn.changed.set()

    def eof_received(self) -> None:
        self.stream.events.append("closed")

    def connection_lost(self, exc: Exception | None) -> None:
        if "closed" not in self.stream.events:
            self.stream.events.append("lost")
        for timer in self._timers:
            timer.cancel()
        self.gone.set()
        self._cdn.changed.set()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if timer.when() > time.monotonic()]
        self._timers.append(asyncio.get_running_loop().call_later(seconds, do))

    def _flush(self) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(self._core.data_to_send())
        if self._core.state is State.CLOSED:
            self.transport.close()

    def _note(self, event: Event) -> None:
        stream = self.stream
        match event:
            case Connected():
                stream.events.append("connect")
            case Called(command) | Ended(command):
                stream.events.append(command)
            case PublishRequested(app, name, query):
                stream.app, stream.name, stream.query = app, name, query
                in_use = any(other.live and other.name == name for other in self._cdn.streams)
                stream.events.append("publish")
                if self._cdn.exclusive and in_use:
                    self._core.reject(event, "NetStream.Publish.BadName", "Already publishing")
                elif self._cdn.refusal:
                    self._core.reject(event, self._cdn.refusal, "refused by the fake")
                elif not self._cdn.silent:
                    self._core.accept(event)
                    if self._cdn.deaf:
                        self.stall(True)
                    if self._cdn.reset_after is not None:
                        self._later(self._cdn.reset_after, self.transport.abort)
            case Metadata(_, values):
                stream.metadata = values
                stream.events.append("onMetaData")
            case Audio(timestamp_ms, payload):
                stream.audio.append((timestamp_ms, payload))
            case Video(timestamp_ms, payload):
                # First, so that who looks from another thread finds a time for every message.
                stream.video_arrived.append(time.time())
                stream.video.append((timestamp_ms, payload))
