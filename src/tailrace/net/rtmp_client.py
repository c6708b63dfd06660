"""RTMP client, publishing: what a push to a CDN uses."""

import asyncio
import ssl
from collections.abc import Mapping

from tailrace.errors import DestinationError
from tailrace.net.guard import Guard
from tailrace.net.rtmp_session import Session
from tailrace.net.tcp import Flow
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.client import Purpose
from tailrace.wire.rtmp.event import Event
from tailrace.wire.rtmp.url import RtmpUrl, parse


class RtmpPublisher:
    """One publish to one server. Made by `dial`; ended by `close`, or by the other side, which `lost` tells."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    async def dial(
        cls, target: RtmpUrl | PushUrl, *, guard: Guard, timeout: float = 10.0, tls: ssl.SSLContext | None = None
    ) -> "RtmpPublisher":
        """Connect, and return once the server takes the stream.

        Cancelling it closes the socket, after an orderly end of up to 1 s if the stream was announced to the server.

        `timeout` is in seconds, for all of it. `tls` replaces the default of rtmps, which verifies the certificate.
        Raises CallerError (no such address can be), AddressForbidden, DestinationUnreachable (also when the server is
        silent), DestinationRefused (it said no), DestinationLost (it hung up).
        """
        url = target if isinstance(target, RtmpUrl) else parse(target)
        session = Session(url, Purpose.PUBLISH, _ignore)
        await session.open(guard, timeout, tls)
        return cls(session)

    @property
    def lost(self) -> asyncio.Future[DestinationError]:
        """Gets the error as its result when the other side ends the publish; stays pending after `close`."""
        return self._session.lost

    @property
    def backlog_bytes(self) -> int:
        """Bytes that the kernel has not yet taken."""
        return self._session.backlog_bytes

    @property
    def sent_bytes(self) -> int:
        """Bytes that the kernel has taken so far."""
        return self._session.sent_bytes

    def flow(self) -> Flow:
        """Return how the bytes of this connection move: what the other side's TCP has taken, and what it has not."""
        return self._session.flow()

    def send_metadata(self, values: Mapping[str, Value], timestamp_ms: int = 0) -> None:
        """Send onMetaData. Like the other two, it never waits, and does nothing once the publish has ended."""
        self._session.core.send_metadata(values, timestamp_ms)
        self._session.flush_soon(1)

    def send_audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of sound."""
        self._session.core.send_audio(timestamp_ms, payload)
        self._session.flush_soon(len(payload))

    def send_video(self, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of a picture."""
        self._session.core.send_video(timestamp_ms, payload)
        self._session.flush_soon(len(payload))

    async def close(self, timeout: float = 2.0) -> None:
        """End in order: FCUnpublish, deleteStream, what is unsent, end of connection. Idempotent.

        After `timeout` seconds the connection is cut.
        """
        await self._session.close(timeout)


def _ignore(event: Event) -> None:
    """What else a server may tell a publisher has no meaning."""
