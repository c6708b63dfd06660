"""Event feed: what is stored in the stream of events, soon after, and what became of callbacks."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from nats.aio.msg import Msg

from tailrace.bus.bucket import Bucket, Entry
from tailrace.bus.connection import Bus
from tailrace.bus.deliveries import Deliveries
from tailrace.bus.history import History, StoredEvent
from tailrace.bus.subjects import DELIVERIES, EVENTS
from tailrace.control.actions.describe_publish_cdn_stream_events import event_info
from tailrace.control.console.follower import Name, Told
from tailrace.ids import SdkAppId

# Between two readings of the stream; a page of it takes some milliseconds.
PAUSE = 0.25
# An event is heard of a moment before it is stored, by a cluster some milliseconds before: read on for so long.
SETTLED = 1.0
# Events of one app that are told in a PAUSE; who has more of them reads them in pages.
MOST = 100
# Deliveries that are told in a PAUSE: each is looked up by itself.
MOST_DELIVERIES = 20
MAX_PENDING = 1000


class EventFeed:
    """Tells of each event of `apps`, and again, as DELIVERY, when its callback was tried. Too many are left out."""

    def __init__(
        self,
        bus: Bus,
        history: History,
        deliveries: Deliveries,
        apps: Iterable[SdkAppId],
        tell: Callable[[Told], None],
    ) -> None:
        self._bus = bus
        self._history = history
        self._deliveries = deliveries
        self._bucket = Bucket(bus, DELIVERIES)
        self._apps = tuple(apps)
        self._tell = tell
        self._news = asyncio.Event()
        # Until when to look for events of an app, in loop time.
        self._until: dict[SdkAppId, float] = {}
        self._next: dict[SdkAppId, int] = {}
        self._tried: dict[tuple[SdkAppId, int], None] = {}

    async def run(self) -> None:
        """Follow until cancelled. Raises BusError."""
        self._next = dict.fromkeys(self._apps, await self._history.end())
        with self._bus.reconnection(self._look_at_all):
            heard = await self._bus.subscribe(
                f"{EVENTS}.>", self._hear, on_drop=self._look_at_all, max_messages=MAX_PENDING
            )
            try:
                tried = await self._bucket.watch(">", self._note, self._look_at_all)
                try:
                    while True:
                        await self._news.wait()
                        self._news.clear()
                        await self._read()
                        await asyncio.sleep(PAUSE)
                finally:
                    await self._bus.unsubscribe(tried)
            finally:
                await self._bus.unsubscribe(heard)

    async def _hear(self, message: Msg) -> None:
        app = message.subject.split(".")[2]
        if app.isdecimal() and (heard := SdkAppId(int(app))) in self._next:
            self._until[heard] = _now() + SETTLED
            self._news.set()

    def _note(self, entry: Entry) -> None:
        app, _, sequence = entry.key.partition(".")
        if entry.value is not None and app.isdecimal() and sequence.isdecimal():
            self._tried[SdkAppId(int(app)), int(sequence)] = None
            if len(self._tried) > MOST_DELIVERIES:
                del self._tried[next(iter(self._tried))]
            self._news.set()

    def _look_at_all(self) -> None:
        self._until = dict.fromkeys(self._apps, _now() + SETTLED)
        self._news.set()

    async def _read(self) -> None:
        tried, self._tried = self._tried, {}
        for app, until in tuple(self._until.items()):
            page = await self._history.page(app, start=self._next[app], limit=MOST)
            self._next[app] = await self._history.end() if page.more else page.next_sequence
            await self._tell_of(app, page.events, Name.EVENT)
            if _now() < until:
                self._news.set()
            elif self._until[app] == until:
                del self._until[app]
        for app, sequence in tried:
            if app in self._next and sequence < self._next[app]:
                page = await self._history.page(app, start=sequence, limit=1)
                await self._tell_of(app, page.events, Name.DELIVERY)

    async def _tell_of(self, app: SdkAppId, events: Sequence[StoredEvent], name: Name) -> None:
        deliveries = await self._deliveries.of(app, [stored.sequence for stored in events]) if events else {}
        for stored in events:
            view: dict[str, Any] = event_info(stored, deliveries).model_dump(mode="json")
            view["SdkAppId"] = app
            self._tell(Told(name, app, f"{name} {stored.sequence}", partial(dict, view)))


def _now() -> float:
    return asyncio.get_running_loop().time()
