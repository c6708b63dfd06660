"""Outgoing: the events of one app that wait for their callbacks, shared by all control processes.

They are handed out by one durable consumer, to one control process at a time: else two would send the callbacks of
one task beside each other, in any order (NATS ADR-42, "pinned client"). What was handed to a process that died is
handed out again, `ACK_WAIT` after its last sign of life.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
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
COMMAND_TIMEOUT = 2.0
# How much later than the server we give up waiting: its word that there was nothing comes first.
GRACE = 0.5
# The only group of those that pull; the server wants a name.
_GROUP = "control"
# In all control processes together, and far more than they take at a time.
MAX_HANDED_OUT = 10_000
# What arrives at once is what was asked for.
MAX_ARRIVALS = 10_000
# The server's words that a request for events is over, and nothing is wrong: time is up, or there were none.
_FINE = ("404", "408")
# Another process has taken our place, since we had not asked for a while.
_OTHER_PINNED = "423"


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
        self._pin = ""
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
        ask = {"batch": most, "expires": _ns(POLL), "group": _GROUP}
        if self._pin:
            ask["id"] = self._pin
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

    async def close(self, in_hand: Iterable[Order]) -> None:
        """Take no more, and let another process have what is in hand, and then our place. Twice is harmless."""
        if self._inbox is None:
            return
        inbox, self._inbox = self._inbox, None
        # First, so that nothing of it comes back to us.
        await self._bus.unsubscribe(inbox)
        for order in in_hand:
            await self._bus.publish(order.reply, b"-NAK")
        if self._pin:
            await self._command(f"UNPIN.{EVENTS}.{callbacks(self._app)}", {"group": _GROUP})

    async def event(self, sequence: int) -> bytes | None:
        """Return an event by its number, None when it is not kept any more."""
        answer = await self._bus.request(f"$JS.API.DIRECT.GET.{EVENTS}", json.dumps({"seq": sequence}).encode())
        if answer is None or answer.headers is None:
            raise BusError("the stream of events does not answer")
        return None if "Status" in answer.headers else answer.data

    async def prepare(self) -> None:
        """Have what is stored from now on wait for us, if it does not yet."""
        name = callbacks(self._app)
        config = {
            "durable_name": name,
            "filter_subject": events_of(self._app),
            "deliver_policy": "new",
            "ack_policy": "explicit",
            "ack_wait": _ns(ACK_WAIT),
            "max_deliver": -1,
            "max_ack_pending": MAX_HANDED_OUT,
            # Of an app that is configured nowhere any more.
            "inactive_threshold": _ns(EVENTS_AGE),
            "priority_groups": [_GROUP],
            "priority_policy": "pinned_client",
            "priority_timeout": _ns(ACK_WAIT),
        }
        # Not by the client, which does not know of priorities yet.
        await self._command(f"DURABLE.CREATE.{EVENTS}.{name}", {"stream_name": EVENTS, "config": config})
        self._stands = True

    async def _command(self, command: str, request: dict[str, Any]) -> None:
        answer = await self._bus.request(f"$JS.API.CONSUMER.{command}", json.dumps(request).encode(), COMMAND_TIMEOUT)
        if answer is None:
            raise BusError("the stream of events does not answer")
        with asking("read an answer of the bus"):
            error = json.loads(answer.data).get("error")
        if error:
            raise BusError(f"callbacks: {error.get('description')}")

    def _reply(self) -> str:
        return f"{self._box}.{self._pulls}"

    async def _arrived(self, message: Msg) -> None:
        if message.headers and "Status" in message.headers and not message.data:
            # The end of an earlier request says nothing about this one.
            if message.subject == self._reply():
                if (status := message.headers["Status"]) == _OTHER_PINNED:
                    self._pin = ""
                elif status not in _FINE:
                    self._trouble = f"no events are handed out: {status} {message.headers.get('Description', '')}"
                    # Whatever it is (the store was lost, somebody has cleared up), to prepare again is harmless.
                    self._stands = False
                self._ended.set()
            return
        if message.headers and (pin := message.headers.get("Nats-Pin-Id")):
            self._pin = pin
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


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _dropped() -> None:
    """Do nothing: what was lost on arrival is handed out again after ACK_WAIT."""
