"""Journal: order, patience, what is dropped, and an end that does not hang."""

import asyncio
import logging

import pytest

from tailrace.bus.journal import FLUSH_TIMEOUT, Journal
from tailrace.errors import BusError
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import PushUrl

MOST = 5


class Stream:
    """Stores names, once `open` is set; refuses as many as it is told to, and stores some of them all the same."""

    def __init__(self, refuses: int = 0) -> None:
        self.stored: list[str] = []
        self.tried: list[str] = []
        self.trying = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self._refuses = refuses

    async def of_task(self, event: TaskEvent, name: str = "", /) -> int:
        """Store the name."""
        self.tried.append(name)
        self.trying.set()
        await self.open.wait()
        if self._refuses:
            self._refuses -= 1
            raise BusError("away")
        self.stored.append(name)
        return len(self.stored)


def an_event(*, repeated: bool = False) -> TaskEvent:
    destination = DestinationEvent(0, PushUrl("rtmp://cdn/live/x"), DestinationStatus.RECOVERING, repeated=repeated)
    room = Room(SdkAppId(1), "r", numeric=False)
    return TaskEvent(1.0, What.DESTINATION, TaskId("t"), room, UserId("robot"), destination=destination)


def test_events_are_stored_in_order_before_it_ends() -> None:
    async def main() -> None:
        stream = Stream()
        journal = Journal(stream)
        async with journal.writing():
            for name in "abc":
                journal.add(an_event(), name)
        assert stream.stored == ["a", "b", "c"]

    asyncio.run(main())


def test_an_event_that_was_refused_is_tried_again_before_the_next_one() -> None:
    async def main() -> None:
        stream = Stream(refuses=2)
        journal = Journal(stream)
        async with journal.writing():
            journal.add(an_event(), "a")
            journal.add(an_event(), "b")
        assert stream.tried == ["a", "a", "a", "b"]
        assert stream.stored == ["a", "b"]

    asyncio.run(main())


def test_what_is_too_much_costs_repetitions_first_then_the_oldest(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        stream = Stream()
        stream.open.clear()
        journal = Journal(stream, MOST)
        async with journal.writing():
            for number in range(MOST):
                journal.add(an_event(repeated=number in (1, 3)), f"{number}")
            for name in "abc":
                journal.add(an_event(), name)
            stream.open.set()
        assert stream.stored == ["0", "4", "a", "b", "c"]

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())

    (dropped,) = [record for record in caplog.records if record.message == "events dropped"]
    assert vars(dropped)["count"] == 3


def test_an_event_that_is_being_stored_is_not_dropped() -> None:
    async def main() -> None:
        stream = Stream()
        stream.open.clear()
        journal = Journal(stream, MOST)
        async with journal.writing():
            journal.add(an_event(), "first")
            await stream.trying.wait()
            for number in range(MOST):
                journal.add(an_event(), f"{number}")
            stream.open.set()
        assert stream.stored == ["first", *map(str, range(1, MOST))]

    asyncio.run(main())


def test_its_end_does_not_hang_on_a_bus_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        stream = Stream()
        stream.open.clear()
        journal = Journal(stream)
        async with asyncio.timeout(FLUSH_TIMEOUT + 5), journal.writing():
            journal.add(an_event(), "a")
            journal.add(an_event(), "b")

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())

    (lost,) = [record for record in caplog.records if record.message == "events not written"]
    assert vars(lost)["count"] == 2
