"""Viewer: one who watches a stream: what its sender makes goes to its peer, now or when the pacer allows."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from tailrace.clock import Clock
from tailrace.wire.rtp.sender import Sendable, Sender


class Line(Protocol):
    """Where datagrams go: a `Peer`. Nothing here waits."""

    def send_rtp(self, packet: bytes) -> None:
        """Send a packet of media."""
        ...

    def send_rtcp(self, packet: bytes) -> None:
        """Send a packet of reports."""
        ...


class Viewer:
    """Give it to a `Watched` with `join`, and `close` it at the end. `group` returns the current group of pictures.

    `misfit` is called when the stream goes on in a codec that was not agreed on.
    """

    def __init__(
        self,
        sender: Sender,
        line: Line,
        clock: Clock,
        group: Callable[[], Sequence[Sendable]],
        misfit: Callable[[], None],
    ) -> None:
        self._sender = sender
        self._line = line
        self._clock = clock
        self._group = group
        self._misfit = misfit
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def left_out(self) -> int:
        """How often pictures were left out because too many waited."""
        return self._sender.left_out

    def begin(self) -> None:
        """Show the current group of pictures, then what comes."""
        self._send(self._sender.begin(self._group(), self._clock.monotonic()))

    def take(self, media: Sendable) -> None:
        """Show or play a unit."""
        if not self._sender.takes(media.codec):
            self._misfit()
            return
        if not media.codec.is_video:
            self._send(self._sender.audio(media))
            return
        now = self._clock.monotonic()
        if self._sender.key_frame_wanted and not media.key and self._sender.may_begin(now):
            # It comes with its group, whose last picture this is.
            self._send(self._sender.begin(self._group(), now))
        else:
            self._send(self._sender.video(media, now))

    def rtcp(self, data: bytes, _at: float) -> None:
        """Take a datagram of the viewer."""
        now = self._clock.monotonic()
        self._send(self._sender.rtcp(data, now))
        if self._sender.key_frame_wanted and self._sender.may_begin(now):
            self._send(self._sender.begin(self._group(), now))

    def close(self) -> None:
        """Send nothing more; twice is harmless."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, packets: Iterable[bytes]) -> None:
        if self._closed:
            return
        for packet in packets:
            self._line.send_rtp(packet)
        for report in self._sender.reports(self._clock.monotonic(), self._clock.unix()):
            self._line.send_rtcp(report)
        after = self._sender.wakes_after
        if after is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(after, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._send(self._sender.more(self._clock.monotonic()))
