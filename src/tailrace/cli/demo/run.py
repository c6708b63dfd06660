"""Run: the demo from its options to its exit; each step is undone on the way out, also when Ctrl-C comes in between."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from tailrace.cli.demo.mixing import guest_list, mix_all
from tailrace.cli.demo.relaying import relay_each
from tailrace.cli.demo.show import Show
from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.mix_options import LayoutName
from tailrace.cli.settings import PREFIX
from tailrace.errors import TailraceError


def run(
    seconds: float,
    inputs: Sequence[Path],
    push: Sequence[str],
    out: Path,
    people: int | None,
    layout: LayoutName | None,
) -> None:
    """Run the demo, a mix of `people` or, without, a relay of each input. Raises CommandError when it did not hold."""
    if layout is not None and people is None:
        raise CommandError("--layout is how a mix begins: say of how many, such as --people 4", Exit.USAGE)
    if people is not None and len(inputs) > people:
        raise CommandError(
            f"{len(inputs)} inputs for {people} people; ask for more --people, up to 16, or give fewer inputs",
            Exit.USAGE,
        )
    for file in inputs:
        if not file.is_file():
            raise CommandError(f"{file} is not a file", Exit.USAGE)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write to {out}: {error.strerror}; name another folder with --out") from None
    # The demo shows a fresh server, whatever the environment says about another one.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    # What fails is raised and told in one line; the log of this process has nothing to add.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        asyncio.run(_until_interrupted(_demo(seconds, inputs, push, out, people, layout or LayoutName.GRID)))
    except TailraceError:
        raise
    # Not `except*`: the first versions of Python 3.11 raise a group again, whatever is raised in there.
    except BaseExceptionGroup as group:
        ours, others = group.split(TailraceError)
        if ours is None or others is not None:
            raise
        raise _first(ours) from None


def _first(errors: BaseExceptionGroup[TailraceError]) -> TailraceError:
    """Return the first error in a group of groups: the others are what followed from it."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Do `work`; the first signal cancels it, so that all steps are undone; further ones change nothing."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        if task is not None:
            task.cancel()

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        await work
    except asyncio.CancelledError:
        raise CommandError("interrupted; nothing is left running", Exit.INTERRUPTED) from None


async def _demo(
    seconds: float, inputs: Sequence[Path], push: Sequence[str], out: Path, people: int | None, layout: LayoutName
) -> None:
    show = Show(Console(highlight=False))
    with tempfile.TemporaryDirectory(prefix="tailrace-demo-") as folder:
        if people is not None:
            await mix_all(seconds, guest_list(people, inputs), layout, push, out, Path(folder), show)
        else:
            await relay_each(seconds, inputs, push, out, Path(folder), show)
