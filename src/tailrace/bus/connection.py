"""Bus: one connection to NATS, kept up for ever, with every wait bounded."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import nats.aio.client
import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from tailrace.bus.prompt import Arrivals, Prompt
from tailrace.bus.stores import prepare
from tailrace.errors import BusError
from tailrace.secret import Secret

_log = logging.getLogger(__name__)

# A restarted nats-server serves again within 50 ms; ten tries a second cost nothing.
RECONNECT_WAIT = 0.1
# How long a first connection may take: a nats-server that recovers a large store from disk needs seconds.
CONNECT_TIMEOUT = 10.0
# A peer that vanished without closing (cable, power) is found out within two intervals.
PING_INTERVAL = 3
# What is held in memory is answered in under a millisecond; a server that needs longer than this is a fault to report.
REQUEST_TIMEOUT = 3.0
# What is stored is answered once it is on the disk, which takes milliseconds. Where others write gigabytes to the same
# disk, one such wait took 5 s (measured): that is slow, and no reason to refuse a start.
STORE_TIMEOUT = 10.0
# Bytes waiting to be sent before a publisher has to wait: 8 s of one 2 Mbit/s stream, 0.2 s of forty.
SEND_BUFFER_BYTES = 2 * 1024 * 1024
# Bytes that wait for a subscriber of small messages; thousands of records.
PENDING_BYTES = 16 * 1024 * 1024
# Parts of one answer: a group of pictures of a minute at 60 a second is 3,600, with sound twice that.
MAX_ANSWERS = 10_000
# ... and ten seconds at 50 Mbit/s.
MAX_ANSWER_BYTES = 64 * 1024 * 1024


class Bus:
    """A connection; get one from `connect`. It belongs to the event loop that made it and does not survive a fork."""

    def __init__(self) -> None:
        self.nc = nats.aio.client.Client()
        self.js: JetStreamContext = self.nc.jetstream(timeout=STORE_TIMEOUT)
        self._lives: tuple[float, float] | None = None
        self._on_drop: dict[Subscription, Callable[[], None]] = {}
        self._reconnects: set[Callable[[], None]] = set()
        self._arrivals = Arrivals(self.nc)
        self._last_error = ""
        self._closing = False

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return bool(self.nc.is_connected)

    @property
    def connection(self) -> int:
        """Number of the connection: grows with each reconnection."""
        return int(self.nc.stats["reconnects"])

    async def prepare(self, presence_ttl: float, ack_wait: float) -> None:
        """Create streams and buckets, or adapt them; harmless when several processes do it at once.

        `presence_ttl` (seconds) is the life of a presence without heartbeat, `ack_wait` (seconds) that of a lease. It
        is done again after each reconnection, since what is kept in memory is gone when nats-server was restarted.
        """
        self._lives = presence_ttl, ack_wait
        with asking("prepare the bus"):
            await prepare(self.js, presence_ttl, ack_wait)

    async def alive(self, timeout: float = 1.0) -> bool:
        """Whether the server answers within `timeout` seconds."""
        if not self.connected:
            return False
        try:
            with asking("reach the bus"):
                await self.flush(timeout)
        except BusError:
            return False
        return True

    async def flush(self, timeout: float = REQUEST_TIMEOUT) -> None:
        """Wait until the server has read all that was sent; without a connection that is sent once there is one.

        Raises TimeoutError. The client's own `flush` cancels what it waits with when time is up, or when it is
        cancelled itself; its reader then ends over the answer that comes late, and nothing is received any more until
        the connection is given up, some 9 s later (nats-py 2.16).
        """
        if not self.connected:
            return
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout):
            await self.nc._send_ping(answered)
            await asyncio.wait([answered])

    async def close(self) -> None:
        """Send what is buffered and close. Twice is harmless."""
        await self.alive()
        self._closing = True
        with contextlib.suppress(OSError):  # closing what is lost already is closed, too
            await self.nc.close()

    async def publish(self, subject: str, data: bytes, reply: str = "") -> None:
        """Send without waiting for anybody."""
        with asking(f"publish to {subject.split('.', 1)[0]}"):
            await self.nc.publish(subject, data, reply=reply)

    async def request(
        self, subject: str, data: bytes, timeout: float = REQUEST_TIMEOUT, headers: Mapping[str, str] | None = None
    ) -> Msg | None:
        """Ask and return the answer; None at once when nobody serves the subject. Raises BusError when time is up."""
        with asking(f"request to {subject.split('.', 1)[0]}"):
            try:
                return await self.nc.request(subject, data, timeout=timeout, headers=dict(headers) if headers else None)
            except nats.errors.NoRespondersError:
                return None

    async def request_many(self, subject: str, data: bytes, timeout: float) -> list[Msg]:
        """Ask and return all answers up to an empty one, which ends the list and is its last element.

        The last one has the header Status 503 when nobody serves the subject. Raises BusError after `timeout` seconds.
        """
        box = self.nc.new_inbox()
        answers: list[Msg] = []
        size = 0
        complete = asyncio.Event()

        async def take(message: Msg) -> None:
            nonlocal size
            size += len(message.data)
            answers.append(message)
            if is_end(message) or size > MAX_ANSWER_BYTES or len(answers) > MAX_ANSWERS:
                complete.set()

        inbox = await self.subscribe(
            box, take, on_drop=complete.set, max_messages=MAX_ANSWERS, max_bytes=MAX_ANSWER_BYTES
        )
        try:
            with asking(f"request to {subject.split('.', 1)[0]}"):
                async with asyncio.timeout(timeout):
                    await self.nc.publish(subject, data, reply=box)
                    await complete.wait()
        finally:
            await self.unsubscribe(inbox)
        if not answers or not is_end(answers[-1]):
            raise BusError(f"request to {subject.split('.', 1)[0]}: the answer is too large")
        return answers

    async def subscribe(
        self,
        subject: str,
        handler: Callable[[Msg], Coroutine[Any, Any, None]],
        *,
        on_drop: Callable[[], None],
        max_messages: int,
        max_bytes: int = PENDING_BYTES,
    ) -> Subscription:
        """Subscribe `handler`. What arrives while that many messages or bytes wait is lost, and `on_drop` called."""
        with asking("subscribe"):
            subscription = await self.nc.subscribe(
                subject, cb=handler, pending_msgs_limit=max_messages, pending_bytes_limit=max_bytes
            )
            self._on_drop[subscription] = on_drop
            return subscription

    async def subscribe_prompt(self, subject: str, take: Callable[[bytes], None]) -> Subscription:
        """Have `take` called with the data of each message; it never waits, so none can be lost: `bus/prompt.py`.

        After `unsubscribe` it may still get what was read before.
        """
        prompt = cast("asyncio.Future[Msg]", Prompt(self._arrivals, take))
        with asking("subscribe"):
            subscription = await self.nc.subscribe(subject, future=prompt)
            self._arrivals.open(subscription._id, take)
            self._on_drop[subscription] = _never
            return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription. Harmless when the connection is closed already."""
        self._arrivals.close(subscription._id)
        if self._on_drop.pop(subscription, None) is not None and not self.nc.is_closed:
            with asking("unsubscribe"):
                await subscription.unsubscribe()

    @contextmanager
    def reconnection(self, notice: Callable[[], None]) -> Iterator[None]:
        """Call `notice` after each reconnection, once streams and buckets stand again, for as long as this is open."""
        self._reconnects.add(notice)
        try:
            yield
        finally:
            self._reconnects.discard(notice)

    async def _open(self, url: Secret, name: str, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self.nc.connect(
                    url.reveal(),
                    name=name,
                    error_cb=self._error,
                    disconnected_cb=self._disconnected,
                    reconnected_cb=self._reconnected,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_WAIT,  # type: ignore[arg-type]
                    ping_interval=PING_INTERVAL,
                    pending_size=SEND_BUFFER_BYTES,
                    flush_timeout=REQUEST_TIMEOUT,
                )
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise BusError(f"no connection to NATS: {self._last_error or error!r}") from error

    async def _error(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            if (on_drop := self._on_drop.get(error.sub)) is not None:
                on_drop()
            return
        # A server that refuses us may cut the connection before we have read why; an earlier try may have.
        if not (isinstance(error, ConnectionResetError) and self._last_error):
            self._last_error = repr(error)
        if self.nc.is_connected:
            _log.warning("bus error", extra={"error": repr(error)})

    async def _disconnected(self) -> None:
        if not self._closing:
            _log.warning("bus disconnected", extra={"error": self._last_error})

    async def _reconnected(self) -> None:
        _log.info("bus reconnected")
        if self._lives:
            try:
                await self.prepare(*self._lives)
            except BusError as error:
                _log.warning("bus not prepared", extra={"error": str(error)})
        for notice in tuple(self._reconnects):
            notice()


async def connect(url: Secret, name: str, timeout: float = CONNECT_TIMEOUT) -> Bus:
    """Connect as `name`, and stay connected. Raises BusError when no server lets us in within `timeout` seconds."""
    bus = Bus()
    await bus._open(url, name, timeout)
    return bus


def is_end(message: Msg) -> bool:
    """Whether this is the empty message, or the server's status, that ends a series of answers."""
    return not message.data and (not message.headers or "Status" in message.headers)


def _never() -> None:
    """Take note that a message was lost, where none can be."""


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn the client's errors and time limits into a BusError that says what was asked, and see to cancellations.

    A cancellation that comes in the same turn of the loop as the answer is swallowed by `asyncio.wait_for` of Python
    3.11, which the client uses, and one that meets its flush by the client itself. It is raised again here.
    """
    task = asyncio.current_task()
    cancels = task.cancelling() if task else 0
    failure: Exception | None = None
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError, ValueError) as error:
        failure = error
    if task and task.cancelling() > cancels:
        raise asyncio.CancelledError
    if failure is not None:
        raise BusError(f"{what}: {failure or type(failure).__name__}") from failure
