"""Supervise: the one place where asyncio tasks are started, each with a name and a crash report."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def start(group: asyncio.TaskGroup, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
    """Start `work` in `group` under `name`. Its failure ends the group and is logged with the name first."""
    task = group.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel `task` and wait until it has ended; its own cancellation is not an error."""
    task.cancel()
    await asyncio.wait([task])


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task failed", extra={"name_of_task": task.get_name(), "error": repr(error)})
