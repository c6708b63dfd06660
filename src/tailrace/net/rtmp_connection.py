"""RTMP connection, server side: a thin asyncio driver of the server core, with the limits that keep it bounded."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Final, cast

from tailrace.errors import PeerError, Rejected
from tailrace.net.rtmp_handler import Handler, Limits
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.event import Audio, Ended, Event, Metadata, PlayRequested, PublishRequested, Video
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.server import ServerConnection, State

# Seconds that a client gets to take our last words and hang up, before the connection is cut.
_LINGER: Final = 1.0
# Looks at a client per time limit: it is closed at most that part of the limit late, and pinged that early.
_LOOKS: Final = 3


class Connection(asyncio.Protocol):
    """One client. The server runs `run`; a handler uses what is public and documented for it."""

    def __init__(
        self, limits: Limits, handler_factory: Callable[["Connection"], Handler], joined: Callable[["Connection"], None]
    ) -> None:
        self.core = ServerConnection(os.urandom(RANDOM_SIZE))
        self.peer_address = ""
        self.dropped = 0
        self._limits = limits
        self._handler_factory = handler_factory
        self._joined = joined
        self._handler: Handler | None = None
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._loop = asyncio.get_running_loop()
        self._inbox: list[bytes] = []
        self._inbox_bytes = 0
        self._paused = False
        self._changed = asyncio.Event()
        self._gone = asyncio.Event()
        # The client sends no more; and: we want no more from it. `_reason` is that of whichever came first.
        self._ended = False
        self._stopped = False
        self._reason = ""
        self._request: PublishRequested | PlayRequested | None = None
        # When the client is next looked at, how long it may be silent or (before it is let in) take, and since when.
        self._timer: asyncio.TimerHandle | None = None
        self._allowed = 0.0
        self._since = 0.0
        self._dropping = False

    # For handlers.

    @property
    def backlog_bytes(self) -> int:
        """Bytes that were sent to the client and that the kernel has not yet taken."""
        return 0 if self._gone.is_set() else self._transport.get_write_buffer_size()

    def close(self, reason: str) -> None:
        """Tell the client why, and end the connection; `ended` follows. Returns at once; idempotent."""
        if not self._stopped:
            self.core.turn_out("NetStream.Failed", reason)
            self._stop(reason)

    def finish_play(self) -> None:
        """Tell a player that the stream has ended, and end the connection."""
        if not self._stopped:
            self.core.finish_play()
            self._stop("the stream has ended")

    def accept(self) -> None:
        """Let the client begin before `publish` or `play` returns, so that a player can be sent the start at once."""
        if self._request is not None:
            self.core.accept(self._request)
            self._flush()

    def send_metadata(self, values: Mapping[str, Value], timestamp_ms: int = 0) -> None:
        """Send onMetaData to a player. Like the other two it returns at once, and does nothing after the end."""
        self.core.send_metadata(values, timestamp_ms)
        self._flush()

    def send_audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of sound to a player."""
        self.core.send_audio(timestamp_ms, payload)
        self._flush()

    def send_video(self, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of a picture to a player; a slow one gets none until the next key frame."""
        if self._dropping or self.backlog_bytes > self._limits.drop_bytes:
            if not _is_set_up(payload):
                # Once dropping, go on until a key frame finds half of the room free, lest it be dropped in the middle.
                self._dropping = not (_is_key(payload) and self.backlog_bytes <= self._limits.drop_bytes // 2)
            if self._dropping and not _is_set_up(payload):
                self.dropped += 1
                return
        self.core.send_video(timestamp_ms, payload)
        self._flush()

    # For the server.

    async def run(self) -> None:
        """Serve the client until one side ends it."""
        try:
            while data := await self._read():
                for event in self.core.receive(data):
                    await self._act(event)
                    if self._stopped:
                        break
                self._flush()
                if self.core.state is State.CLOSED:
                    self._stop("refused")
        except PeerError as error:
            self.close(str(error))
        finally:
            self._stop("the server has cancelled it")
            await self._finished(False, self._reason)
            await self._hang_up()

    def abort(self) -> None:
        """Cut the connection."""
        self._stop("cut off")
        self._transport.abort()

    async def _read(self) -> bytes:
        """Return what has come in, or nothing when the loop is to end."""
        while not self._inbox and not self._ended and not self._stopped:
            self._changed.clear()
            await self._changed.wait()
        if self._stopped:
            return b""
        data = b"".join(self._inbox)
        self._inbox.clear()
        self._inbox_bytes = 0
        if self._paused:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return data

    async def _act(self, event: Event) -> None:
        handler = self._handler
        match event:
            case Video(timestamp_ms, payload) if handler:
                await handler.video(timestamp_ms, payload)
            case Audio(timestamp_ms, payload) if handler:
                await handler.audio(timestamp_ms, payload)
            case Metadata(timestamp_ms, values) if handler:
                await handler.metadata(timestamp_ms, values)
            case PublishRequested() | PlayRequested():
                await self._answer(event)
            case Ended(command):
                await self._finished(True, command)

    async def _answer(self, request: PublishRequested | PlayRequested) -> None:
        # How long the decision takes is the handler's affair, and its time limit too.
        self._watch(0)
        self._request = request
        handler = self._handler_factory(self)
        try:
            if isinstance(request, PublishRequested):
                await handler.publish(request)
            else:
                await handler.play(request)
        except Rejected as rejected:
            self.core.reject(request, rejected.code, str(rejected))
            return
        finally:
            self._request = None
        self._handler = handler
        self.core.accept(request)
        self._flush()
        self._watch(self._limits.idle_timeout)

    async def _finished(self, orderly: bool, reason: str) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            self._watch(self._limits.handshake_timeout)
            await handler.ended(orderly, reason)

    def _stop(self, reason: str) -> None:
        self._stopped = True
        self._reason = self._reason or reason
        self._changed.set()

    def _flush(self) -> None:
        data = self.core.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > self._limits.write_bytes:
                self._stop("the client takes too slowly what it is sent")
                self._transport.abort()

    async def _hang_up(self) -> None:
        """Send what is left, end our half, and let the client end its own.

        Closing with unread bytes in the socket would make the kernel send a reset, which can overtake our last words.
        """
        self._watch(0)
        self._flush()
        if not self._gone.is_set() and not self._transport.is_closing():
            if self._ended:
                self._transport.close()
            else:
                self._transport.resume_reading()
                with contextlib.suppress(OSError):  # the client may have cut the connection just now
                    self._transport.write_eof()
        try:
            async with asyncio.timeout(_LINGER):
                await self._gone.wait()
        except TimeoutError:
            self._transport.abort()
            await self._gone.wait()

    # Time.

    def _watch(self, allowed: float) -> None:
        """From now on the client may be silent for `allowed` seconds; 0: as long as it likes.

        The timer is not moved on every read, which would cost more than reading; it looks how long ago the last was.
        """
        self._allowed = allowed
        self._since = self._loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if allowed:
            self._timer = self._loop.call_later(allowed / _LOOKS, self._look)

    def _look(self) -> None:
        silent = self._loop.time() - self._since
        if silent >= self._allowed:
            before = "" if self._handler else " before it asked for anything"
            self._stop(f"nothing came for {self._allowed:g} s{before}")
            self._transport.abort()
            return
        if self._handler is not None and silent >= self._allowed / _LOOKS:
            self.core.ping(int(self._loop.time() * 1000))
            self._flush()
        wait = min(self._allowed / _LOOKS, self._allowed - silent)
        self._timer = self._loop.call_later(wait, self._look)

    # For asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        # There is no name if the client has gone again already. asyncio and uvloop have set TCP_NODELAY.
        self.peer_address = str((transport.get_extra_info("peername") or ("",))[0])
        self._watch(self._limits.handshake_timeout)
        self._joined(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came for the loop; stop reading when that is too much."""
        if self._stopped:
            return
        if self._handler is not None:
            self._since = self._loop.time()
        self._inbox.append(data)
        self._inbox_bytes += len(data)
        self._changed.set()
        if self._inbox_bytes > self._limits.read_bytes and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Keep our half open while there is something left to say."""
        self._ended = True
        self._reason = self._reason or "the client closed the connection"
        self._changed.set()
        return not self._stopped

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the loop handle what has come in, and end."""
        self._ended = True
        self._reason = self._reason or ("the connection broke" if exc else "the client closed the connection")
        self._gone.set()
        self._changed.set()


def _is_key(payload: bytes) -> bool:
    """Whether an FLV video body is a key frame; bits 4 to 6 say so in the classic and in the enhanced form."""
    return bool(payload) and payload[0] >> 4 & 7 == 1


def _is_set_up(payload: bytes) -> bool:
    """Whether it is a decoder's set-up data, which must not be dropped: packet type 0 in both forms."""
    if len(payload) < 2:
        return False
    return payload[0] & 0x0F == 0 if payload[0] & 0x80 else payload[1] == 0
