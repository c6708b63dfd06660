"""A server of the demo's own: `tailrace serve` on free ports, in a process of its own, with a data folder that goes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tailrace.cli.exits import CommandError
from tailrace.cli.settings import PREFIX
from tailrace.cli.target import Target, find

# Start-up takes a second; a machine that is busy with something else gets thirty.
START_WITHIN = 30.0
# Longer than all roles together may take to end in order.
STOP_WITHIN = 40.0
_LOOK_EACH = 0.02
_FREE_PORTS = {f"{PREFIX}LISTEN__{name}": "0" for name in ("HTTP", "MEDIA_HTTP", "RTMP", "WEBRTC")}


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Target]:
    """Serve from `folder` meanwhile; end it in order afterwards. Raises CommandError when it does not start."""
    ready = folder / "ready.json"
    log = folder / "log.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | _FREE_PORTS
    # The server stops when this pipe ends, which it does when we end, whatever ends us.
    lifeline, held = os.pipe()
    with log.open("wb") as words:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tailrace", "serve", "--data", str(folder), "--ready-file", str(ready)),
            *("--lifeline", str(lifeline)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=environment,
            pass_fds=(lifeline,),
            process_group=0,
        )
    os.close(lifeline)
    try:
        await _until_ready(process, ready, log)
        yield find(None, folder)
    finally:
        os.close(held)
        await _end(process)


async def _until_ready(process: asyncio.subprocess.Process, ready: Path, log: Path) -> None:
    try:
        async with asyncio.timeout(START_WITHIN):
            while not _is_there(ready):
                if process.returncode is not None:
                    raise CommandError(f"the server did not start: {_last_line(log)}")
                await asyncio.sleep(_LOOK_EACH)
    except TimeoutError:
        raise CommandError(f"the server did not start within {START_WITHIN:g} s; try: tailrace doctor") from None


def _is_there(ready: Path) -> bool:
    return ready.exists()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for its end, which the closed lifeline has asked for, even when we are being cancelled ourselves."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
