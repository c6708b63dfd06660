"""Events are stored once each, and read again in pages, by task, room and time; nats-server may die in between."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.events import Events
from tailrace.bus.history import BATCH, History, Page
from tailrace.bus.journal import Journal
from tailrace.bus.subjects import EVENTS
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.room_event import RoomEvent, RoomEventType
from tailrace.model.task_event import TaskEvent, What
from tests.harness.nats import nats_server_in
from tests.integration.bus.conftest import Run, run_with
from tests.integration.bus.test_restart import crash


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A nats-server of this test alone."""
    with nats_server_in(tmp_path) as server:
        yield server


class Counted(Events):
    """`each` is released with each event of a task that is stored."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.each = asyncio.Semaphore(0)

    async def of_task(self, event: TaskEvent, name: str = "") -> int:
        """Store it, and say so."""
        number = await super().of_task(event, name)
        self.each.release()
        return number


def an_event(app: SdkAppId, task: str = "t", words: str = "", at: float = 1.0) -> TaskEvent:
    return TaskEvent(at, What.VISIBLE, TaskId(task), Room(app, "r", numeric=False), UserId("robot"), words)


def words(page: Page) -> list[str]:
    return [stored.event.words for stored in page.events if isinstance(stored.event, TaskEvent)]


def test_an_event_that_is_told_twice_is_stored_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        events, history = Events(bus), History(bus)
        first = await events.of_task(an_event(app, words="first"), f"{app}/name")
        again = await events.of_task(an_event(app, words="again"), f"{app}/name")
        await events.of_task(an_event(app, words="nameless"))
        await events.of_task(an_event(app, words="nameless"))

        assert again == first
        assert words(await history.page(app)) == ["first", "nameless", "nameless"]

    run(scenario)


def test_pages_follow_each_other_without_a_gap(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        events, history = Events(bus), History(bus)
        for number in range(7):
            await events.of_task(an_event(app, f"t{number % 2}", str(number)))

        found, start = [], 0
        for more in (True, True, False):
            page = await history.page(app, start=start, limit=3)
            assert page.more is more
            found += words(page)
            start = page.next_sequence
        assert found == list("0123456")
        assert words(await history.page(app, TaskId("t1"))) == ["1", "3", "5"]
        later = await history.page(app, start=start)
        assert (later.events, later.next_sequence, later.more) == ([], start, False)
        await events.of_task(an_event(app, words="new"))
        assert words(await history.page(app, start=start)) == ["new"]

    run(scenario)


def test_a_page_of_few_among_many_goes_on_where_it_stopped(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        history = History(bus, most_looked_at=2 * BATCH)
        events = Events(bus)
        for _ in range(2 * BATCH):
            await events.of_task(an_event(app))
        await events.of_task(an_event(app, words="last"))

        def fits(event: TaskEvent | RoomEvent) -> bool:
            return isinstance(event, TaskEvent) and event.words == "last"

        first = await history.page(app, fits=fits)
        assert (first.events, first.more) == ([], True)
        second = await history.page(app, start=first.next_sequence, fits=fits)
        assert words(second) == ["last"]

    run(scenario)


def test_events_of_rooms_stand_beside_those_of_tasks_and_those_of_other_apps_do_not(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        events, history = Events(bus), History(bus)
        room = Room(app, "r", numeric=False)
        entered = RoomEvent(2.0, RoomEventType.ENTER_ROOM, room, UserId("anna"))
        await events.of_task(an_event(app))
        await events.of_room(entered)
        await events.of_task(an_event(SdkAppId(app + 1_000_000)))

        assert [stored.event for stored in (await history.page(app)).events] == [an_event(app), entered]

    run(scenario)


def test_a_page_may_begin_at_a_time_of_storing(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        events, history = Events(bus), History(bus)
        await events.of_task(an_event(app, words="before"))
        sequence = await events.of_task(an_event(app, words="then"))
        stored_at = (await bus.js.get_msg(EVENTS, sequence)).time
        assert stored_at is not None

        page = await history.page(app, since=stored_at.timestamp())
        assert words(page) == ["then"]
        none = await history.page(app, since=stored_at.timestamp() + 3600)
        assert (none.events, none.next_sequence, none.more) == ([], sequence + 1, False)

    run_with(server, scenario)


def test_reading_leaves_no_consumer_behind(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        await Events(bus).of_task(an_event(app))
        await History(bus).page(app)
        await History(bus).page(app, since=1.0)
        assert (await bus.js.stream_info(EVENTS)).state.consumer_count == 0

    run_with(server, scenario)


def test_no_event_is_lost_or_doubled_or_out_of_order_when_nats_server_is_killed(
    server: EmbeddedServer, app: SdkAppId
) -> None:
    count = 300

    async def scenario(bus: Bus) -> None:
        events = Counted(bus)
        journal = Journal(events, count)
        async with journal.writing():
            for number in range(count):
                journal.add(replace(an_event(app), words=str(number)), f"{app}/{number}")
                if number in (100, 200):
                    await crash(server, bus)
                await asyncio.sleep(0)
            # At its end the journal waits for 2 s only. A busy disk needs longer for what may be left by now.
            for _ in range(count):
                await events.each.acquire()
        history = History(bus)
        found, start, more = [], 0, True
        while more:
            page = await history.page(app, start=start)
            found += words(page)
            start, more = page.next_sequence, page.more
        assert found == [str(number) for number in range(count)]

    run_with(server, scenario)


def test_names_are_known_again_after_a_restart_of_nats_server(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        events = Events(bus)
        first = await events.of_task(an_event(app), "name")
        await crash(server, bus)
        assert await events.of_task(an_event(app), "name") == first

    run_with(server, scenario)
