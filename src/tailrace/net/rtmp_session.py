"""RTMP session: one connection to a server, of a publisher or a player; a thin asyncio driver of the client core."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable
from typing import Final, cast

from tailrace.errors import (
    DestinationError,
    DestinationGarbled,
    DestinationLost,
    DestinationRefused,
    DestinationSilent,
    DestinationStalled,
    PeerError,
)
from tailrace.net.dial import dial
from tailrace.net.guard import Guard
from tailrace.net.tcp import Flow, flow_of, keep_little_unsent
from tailrace.wire.rtmp.client import ClientConnection, Purpose
from tailrace.wire.rtmp.event import Event, Ignored, Playing, Published, Refused
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.url import RtmpUrl

# Half more than what a push lets wait (`worker/push.py`): this only keeps memory bounded, whoever feeds a publisher.
MAX_BACKLOG: Final = 16 * 1024 * 1024
# Two key frames of a stream of 2 Mbit/s; what is larger gains nothing by waiting for more.
MOST_HELD: Final = 128 * 1024
# Seconds that a server gets to take our last words when a dial is cancelled: somebody waits for that.
_LAST_WORDS: Final = 1.0


class Session(asyncio.Protocol):
    """Feeds the core, sends what it returns, and tells `on_event` what else came.

    `lost` gets a DestinationError as its result when the other side ends an established session; it stays pending
    after an end of our own.
    """

    def __init__(self, target: RtmpUrl, purpose: Purpose, on_event: Callable[[Event], None]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self.core = ClientConnection(target, purpose, os.urandom(RANDOM_SIZE))
        self.lost: asyncio.Future[DestinationError] = loop.create_future()
        self._target = target
        self._on_event = on_event
        self._ready: asyncio.Future[None] = loop.create_future()
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._closing = False
        self._said_all = False
        self._written = 0
        self._held = 0  # bytes of media that leave at the end of this turn of the loop

    async def open(self, guard: Guard, timeout: float, tls: ssl.SSLContext | None) -> None:
        """Connect, and wait until the server takes or sends the stream. Raises DestinationError, leaving no socket.

        When it is cancelled after the stream was announced, it ends that in order first; cancelled again, it just cuts.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._connect(guard, timeout, tls)
                await self._ready
        except TimeoutError as error:
            self._abort()
            what = "connect" if self._transport is None else "answer"
            raise DestinationSilent(f"{self._target} did not {what} within {timeout:g} s") from error
        except asyncio.CancelledError:
            if self.core.begun:
                await self.close(_LAST_WORDS)
            self._abort()
            raise
        except BaseException:
            self._abort()
            raise

    @property
    def backlog_bytes(self) -> int:
        """Bytes that were sent and that the kernel has not yet taken."""
        if self._transport is None or self._gone.is_set():
            return 0
        return self._transport.get_write_buffer_size() + self._held

    @property
    def sent_bytes(self) -> int:
        """Bytes that the kernel has taken."""
        return self._written + self._held - self.backlog_bytes

    def flow(self) -> Flow:
        """Return how the bytes of this connection move."""
        if self._transport is None or self._gone.is_set():
            return Flow(0, 0)
        return flow_of(self._transport.get_extra_info("socket"), self.sent_bytes, self.backlog_bytes)

    def flush_soon(self, size: int) -> None:
        """Send at the end of this turn of the loop: `size` more bytes of media, in one write with what else came."""
        if self._gone.is_set():
            return
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held += size
        if self._held > MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Send what the core has to send."""
        self._held = 0
        transport = self._transport
        data = self.core.data_to_send()
        if not data or transport is None or self._said_all or transport.is_closing():
            return
        transport.write(data)
        self._written += len(data)
        if transport.get_write_buffer_size() > MAX_BACKLOG:
            self._fail(DestinationStalled(f"{self._target} has stopped taking media"))

    async def close(self, timeout: float) -> None:
        """End in order: tell the server, send all, wait until it hangs up too; after `timeout` seconds just hang up."""
        transport = self._transport
        if transport is None:
            return
        if not self._closing:
            self._closing = True
            self.core.finish()
            self.flush()
            # Not close(): with unread bytes in the socket that makes the kernel send a reset, which can overtake what
            # we have just sent. So end our half, and go on reading until the other half ends.
            transport.resume_reading()
            self._said_all = True
            if transport.can_write_eof():
                with contextlib.suppress(OSError):  # the other side may have cut the connection just now
                    transport.write_eof()
            else:
                transport.close()
        cut = asyncio.get_running_loop().call_later(timeout, transport.abort)
        try:
            await self._gone.wait()
        finally:
            cut.cancel()
            transport.abort()

    def pause(self, paused: bool) -> None:
        """Stop or go on reading."""
        if self._transport is not None and not self._transport.is_closing():
            if paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio; begin the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        keep_little_unsent(self._transport.get_extra_info("socket"))
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        try:
            events = self.core.receive(data)
        except PeerError as error:
            self._fail(DestinationGarbled(f"{self._target} broke the protocol: {error}"))
            return
        for event in events:
            match event:
                case Ignored():
                    pass
                case Published() | Playing():
                    if not self._ready.done():
                        self._ready.set_result(None)
                case Refused(code, description):
                    self._fail(DestinationRefused(code, description))
                case _:
                    self._on_event(event)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._gone.set()
        self._fail(DestinationLost(f"{self._target} closed the connection" + (f" ({exc})" if exc else "")))

    async def _connect(self, guard: Guard, timeout: float, tls: ssl.SSLContext | None) -> None:
        target = self._target
        context = (tls or ssl.create_default_context()) if target.tls else None
        await dial(lambda: self, target.host, target.port, guard, timeout=timeout, tls=context, called=str(target))

    def _fail(self, error: DestinationError) -> None:
        if self._closing:
            return
        self._closing = True
        if not self._ready.done():
            self._ready.set_exception(error)
        elif not self.lost.done():
            self.lost.set_result(error)
        if self._transport is not None:
            self._transport.abort()

    def _abort(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.abort()
