"""Supervise: the one place where asyncio tasks and event loops are started, each with a name and a crash report."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import uvloop

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# A role calls it once, when it serves, with its addresses by their names in the ready file.
Ready = Callable[[Mapping[str, str]], None]


def run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]], lifeline: int | None = None) -> None:
    """Run `work(stop)` on a fresh event loop; it shall end in order once `stop` is set, and may end by itself.

    `stop` is set by SIGTERM, by SIGINT, and when the pipe `lifeline` (a file descriptor) reaches its end, which it does
    when the parent that holds the other end has died, whatever killed it.
    """

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if lifeline is not None:
            os.set_blocking(lifeline, False)
            loop.add_reader(lifeline, _parent_gone, lifeline, stop)
        await work(stop)

    uvloop.run(main())


def _parent_gone(lifeline: int, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(lifeline)
    stop.set()


def start(group: asyncio.TaskGroup, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
    """Start `work` in `group` under `name`. Its failure ends the group and is logged with the name first."""
    task = group.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


async def contain(work: Coroutine[Any, Any, None], name: str) -> None:
    """Await work for one of many clients or tasks: a fault of ours in it is reported and costs only this one."""
    try:
        await work
    except Exception:  # noqa: BLE001 - the one place where a fault is kept from those whom it does not concern
        _log.exception("work failed", extra={"name_of_task": name})


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel `task` and wait until it has ended; its own cancellation is not an error."""
    task.cancel()
    await asyncio.wait([task])


async def first_of(*events: asyncio.Event) -> None:
    """Wait until one of these is set."""
    async with asyncio.TaskGroup() as group:
        waiting = [start(group, event.wait(), "wait") for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            await stop(task)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task failed", extra={"name_of_task": task.get_name(), "error": repr(error)})
