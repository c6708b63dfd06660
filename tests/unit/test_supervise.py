"""Supervise: tasks with names, crash reports, and event loops that stop."""

import asyncio
import logging
import os
import signal

import pytest

from tailrace.supervise import contain, first_of, run_until_stopped, start, stop


def test_the_work_is_asked_to_stop_by_sigterm() -> None:
    async def work(asked: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await asked.wait()

    run_until_stopped(work)


def test_the_first_of_several_events_is_waited_for() -> None:
    async def work(asked: asyncio.Event) -> None:
        other = asyncio.Event()
        asyncio.get_running_loop().call_soon(other.set)
        async with asyncio.timeout(5):
            await first_of(asked, other)
        assert not asked.is_set()

    run_until_stopped(work)


def test_the_work_is_asked_to_stop_when_the_lifeline_ends() -> None:
    lifeline, held = os.pipe()

    async def work(asked: asyncio.Event) -> None:
        assert not asked.is_set()
        os.close(held)
        async with asyncio.timeout(5):
            await asked.wait()

    run_until_stopped(work, lifeline)
    os.close(lifeline)


def test_work_may_end_by_itself() -> None:
    ended = []

    async def work(asked: asyncio.Event) -> None:
        ended.append(asked.is_set())

    run_until_stopped(work)

    assert ended == [False]


def test_the_failure_of_a_task_is_logged_with_its_name_and_ends_the_group(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("broken")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            start(group, fails(), "the one that fails")
            start(group, asyncio.Event().wait(), "the one that waits")

    with caplog.at_level(logging.ERROR), pytest.RaisesGroup(ValueError):
        asyncio.run(main())

    [record] = caplog.records
    assert record.__dict__["name_of_task"] == "the one that fails"


def test_a_stopped_task_has_ended_and_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = start(group, asyncio.Event().wait(), "waits")
            await stop(task)
            assert task.cancelled()

    asyncio.run(main())

    assert caplog.records == []


def test_a_fault_in_work_for_one_client_is_reported_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("broken")

    asyncio.run(contain(fails(), "one client"))

    [record] = caplog.records
    assert record.__dict__["name_of_task"] == "one client"
    assert record.exc_info is not None


def test_work_for_one_client_can_be_cancelled() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = start(group, contain(asyncio.sleep(60), "one client"), "client")
            await asyncio.sleep(0)
            await stop(task)
            assert task.cancelled()

    asyncio.run(main())
