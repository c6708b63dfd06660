"""Worker: `tailrace worker list|drain`, over the bus: workers are no matter of the Cloud API."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from tailrace.bus import drains
from tailrace.bus.connection import Bus, connect
from tailrace.bus.crew import Hand, listen
from tailrace.cli.crew import words
from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.tables import print_table
from tailrace.cli.target import find
from tailrace.clock import SystemClock

_T = TypeVar("_T")


def show_list(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Print one line for each worker."""
    hands = _with_bus(config, data, _listen)
    if as_json:
        rows = [
            {"Name": hand.name, "Tasks": hand.tasks, "TasksLeft": hand.room.tasks, "Draining": hand.draining}
            for hand in hands
        ]
        print(json.dumps(rows, indent=2))
        return
    print_table(
        ("worker", "state", "tasks", "room left"),
        [(hand.name, "draining" if hand.draining else "serving", str(hand.tasks), words(hand.room)) for hand in hands],
    )
    if not hands:
        print("No worker is there.")


def drain(config: Path | None, data: Path | None, name: str, *, all_others: bool, wait: bool) -> None:
    """Drain one worker, or all on other machines. Raises CommandError when nobody would be left to take their tasks."""
    if bool(name) == all_others:
        raise CommandError("say which: --name NAME, or --all-others; see: tailrace worker list", Exit.USAGE)

    async def work(bus: Bus) -> None:
        hands = await _listen(bus)
        wanted = chosen(hands, name, socket.gethostname())
        for hand in wanted:
            if not await drains.ask(bus, hand.name):
                raise CommandError(f"worker {hand.name} is gone")
            print(f"{hand.name} hands over {hand.tasks} task{'' if hand.tasks == 1 else 's'}.")
        if wait:
            await _until_empty(bus, {hand.name for hand in wanted})

    _with_bus(config, data, work)


def chosen(hands: Sequence[Hand], name: str, machine: str) -> list[Hand]:
    """Return which of the workers to drain: the one of this name, or without one all that are not on `machine`.

    Raises CommandError when there is none, or when nobody would be left.
    """
    wanted = [hand for hand in hands if (hand.name == name if name else hand.name.rpartition("-")[0] != machine)]
    if not wanted:
        raise CommandError(f"there is no worker {name or 'on another machine'}; see: tailrace worker list")
    if all(hand.draining for hand in hands if hand not in wanted):
        raise CommandError("no other worker is there to take the tasks; start one first")
    return wanted


async def _until_empty(bus: Bus, names: Collection[str]) -> None:
    before = 0
    while left := sum(hand.tasks for hand in await _listen(bus) if hand.name in names):
        if left != before:
            print(f"{left} left ...")
        before = left


async def _listen(bus: Bus) -> list[Hand]:
    return await listen(bus, SystemClock())


def _with_bus(config: Path | None, data: Path | None, work: Callable[[Bus], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        bus = await connect(find(config, data).bus_url(), "tailrace worker")
        try:
            return await work(bus)
        finally:
            await bus.close()

    return asyncio.run(run())
