"""Outgoing: the events of one app that wait for their callbacks, shared by all control processes.

They are handed out by one durable consumer: what was handed to a process that died is handed out again, `ACK_WAIT`
after its last sign of life.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import api
from nats.js.errors import NotFoundError

from tailrace.bus.connection import Bus, asking
from tailrace.bus.stores import EVENTS_AGE
from tailrace.bus.subjects import EVENTS, REPLAY, callbacks, events_of
from tailrace.errors import BusError
from tailrace.ids import SdkAppId

# Seconds; KEEP is how often a sign of life is due. Long enough for a process that stands still for a moment, and short
# enough for callbacks that are not late after a crash.
ACK_WAIT = 5.0
KEEP = 1.5
# A request for events is lost when nats-server restarts: it is made again this often at least.
POLL = 2.0
# A nats-server that has just been started may swallow a request: it is made again.
PREPARE_TIMEOUT = 2.0
# How much later than the server we give up waiting: its word that there was nothing comes first.
GRACE = 0.5
# In all control processes together, and far more than they take at a time.
MAX_HANDED_OUT = 10_000
# What arrives at once is what was asked for.
MAX_ARRIVALS = 10_000
# The server's words that a request for events is over, and nothing is wrong: time is up, or there were none.
_FINE = ("404", "408")


@dataclass(frozen=True, slots=True)
class Order:
    """A callback to send. `sequence` is its number in the stream of events, `stored_at` when it got it (Unix seconds).

    `deliveries` says how often it was handed out. `subject` and `data` are the event's, or those of a wish for a replay
    (`subjects.replay`), whose data is the event's subject.
    """

    sequence: int
    stored_at: float
    subject: str
    data: bytes
    deliveries: int
    reply: str

    @property
    def event(self) -> int:
        """The number of the event."""
        return int(self.subject.rsplit(".", 1)[1]) if self.replayed else self.sequence

    @property
    def replayed(self) -> bool:
        """Whether it is a wish for a replay."""
        return self.subject.split(".", 2)[1] == REPLAY

    @property
    def lane(self) -> str:
        """What has to stay in order: the events of one task, or of one room."""
        return self.data.decode() if self.replayed else self.subject


class Outgoing:
    """Access to what waits for one app. `pull` is for one caller at a time."""

    def __init__(self, bus: Bus, app: SdkAppId) -> None:
        self._bus = bus
        self._app = app
        self._box: str = bus.nc.new_inbox()
        self._inbox: Subscription | None = None
        self._take: Callable[[Order], None] | None = None
        self._pulls = 0
        self._left = 0
        self._ended = asyncio.Event()
        self._stands = False
        self._trouble = ""

    async def open(self, take: Callable[[Order], None]) -> None:
        """Hand what comes to `take` from now on."""
        self._take = take
        self._inbox = await self._bus.subscribe(
            f"{self._box}.*", self._arrived, on_drop=_dropped, max_messages=MAX_ARRIVALS
        )

    async def pull(self, most: int) -> None:
        """Have up to `most` orders handed out as they come; return after the last one, or after POLL seconds.

        Raises BusError when the server hands out none for now; ask again after a while.
        """
        if not self._stands:
            await self.prepare()
        self._pulls += 1
        self._left = most
        self._trouble = ""
        self._ended.clear()
        ask = {"batch": most, "expires": round(POLL * 1e9)}
        # After a reconnection, the server does not know any more what was asked for.
        with self._bus.reconnection(self._ended.set):
            await self._bus.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{callbacks(self._app)}", json.dumps(ask).encode(), self._reply()
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL + GRACE):
                    await self._ended.wait()
        if self._trouble:
            raise BusError(self._trouble)

    async def keep(self, order: Order) -> None:
        """Say that it is being seen to; call it every KEEP seconds."""
        await self._bus.publish(order.reply, b"+WPI")

    async def done(self, order: Order) -> None:
        """Say that it needs no more seeing to."""
        await self._bus.publish(order.reply, b"+ACK")

    async def give_back(self, order: Order) -> None:
        """Let another process have it at once."""
        await self._bus.publish(order.reply, b"-NAK")

    async def close(self) -> None:
        """Take no more. What arrives all the same is handed out again after ACK_WAIT. Twice is harmless."""
        if self._inbox is not None:
            await self._bus.unsubscribe(self._inbox)
            self._inbox = None

    async def event(self, sequence: int) -> bytes | None:
        """Return an event by its number, None when it is not kept any more."""
        answer = await self._bus.request(f"$JS.API.DIRECT.GET.{EVENTS}", json.dumps({"seq": sequence}).encode())
        if answer is None or answer.headers is None:
            raise BusError("the stream of events does not answer")
        return None if "Status" in answer.headers else answer.data

    async def prepare(self) -> None:
        """Have what is stored from now on wait for us, if it does not yet."""
        config = api.ConsumerConfig(
            durable_name=callbacks(self._app),
            filter_subject=events_of(self._app),
            deliver_policy=api.DeliverPolicy.NEW,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_deliver=-1,
            max_ack_pending=MAX_HANDED_OUT,
            # Of an app that is configured nowhere any more.
            inactive_threshold=EVENTS_AGE,
        )
        with asking("prepare callbacks"):
            await self._bus.js.add_consumer(EVENTS, config, timeout=PREPARE_TIMEOUT)
        self._stands = True

    def _reply(self) -> str:
        return f"{self._box}.{self._pulls}"

    async def _arrived(self, message: Msg) -> None:
        if message.headers and "Status" in message.headers and not message.data:
            # The end of an earlier request says nothing about this one.
            if message.subject == self._reply():
                if (status := message.headers["Status"]) not in _FINE:
                    self._trouble = f"no events are handed out: {status} {message.headers.get('Description', '')}"
                    # Whatever it is (the store was lost, somebody has cleared up), to prepare again is harmless.
                    self._stands = False
                self._ended.set()
            return
        if self._take is not None:
            about = message.metadata
            self._take(
                Order(
                    sequence=about.sequence.stream,
                    stored_at=about.timestamp.timestamp(),
                    subject=message.subject,
                    data=message.data,
                    deliveries=about.num_delivered,
                    reply=message.reply,
                )
            )
        self._left -= 1
        if self._left <= 0:
            self._ended.set()


async def forget(bus: Bus, app: SdkAppId) -> None:
    """Forget what waits for an app that wants no callbacks; harmless when nothing does."""
    with asking("forget callbacks"), contextlib.suppress(NotFoundError):
        await bus.js.delete_consumer(EVENTS, callbacks(app))


def _dropped() -> None:
    """Do nothing: what was lost on arrival is handed out again after ACK_WAIT."""
