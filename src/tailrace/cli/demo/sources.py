"""Sources: where the tags come from that the demo publishes: a process that makes them, or a film that is repeated."""

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tailrace.cli.exits import CommandError
from tailrace.wire import flv

# What is read from the source at once. It is held up by the pipe, which holds a third of a second.
_READ_BYTES = 65536
# FFmpeg opens a file and encodes a first picture well within this, also on a busy machine.
_FIRST_TAG_WITHIN = 20.0
# Sixteen films take five seconds.
_FILMS_WITHIN = 120.0


class Source(Protocol):
    """An endless stream. `video` and `audio`, whether it has them, are known once the first tag has come."""

    label: str

    @property
    def video(self) -> bool: ...

    @property
    def audio(self) -> bool: ...

    async def take(self) -> flv.Tag:
        """Return the next tag. Raises CommandError when there is none."""

    async def end(self) -> None:
        """Let go of what makes it."""


class Program:
    """A stream that a process makes (media/source.py)."""

    def __init__(self, process: asyncio.subprocess.Process, label: str) -> None:
        self.label = label
        self._process = process
        self._reader = flv.Reader()
        self._waiting: deque[flv.Tag] = deque()
        self._first = True

    @classmethod
    async def start(cls, label: str, file: Path | None = None, *, small: bool = False) -> "Program":
        """Start the process, which loops `file`, as one of many cameras if `small`; or else makes the test picture."""
        arguments = [*(["--small"] if small else []), *(["--", str(file)] if file else [])]
        return cls(await _run("tailrace.media.source", arguments), label)

    @property
    def video(self) -> bool:
        return self._reader.video

    @property
    def audio(self) -> bool:
        return self._reader.audio

    async def take(self) -> flv.Tag:
        """Return the next tag. Raises CommandError when there is none: a source does not end by itself."""
        if not self._first:
            return await self._next()
        self._first = False
        try:
            async with asyncio.timeout(_FIRST_TAG_WITHIN):
                return await self._next()
        except TimeoutError:
            raise CommandError(f"{self.label} cannot be published: nothing in {_FIRST_TAG_WITHIN:g} s") from None

    async def end(self) -> None:
        """End the process."""
        await _end(self._process)

    async def _next(self) -> flv.Tag:
        while not self._waiting:
            data = await self._process.stdout.read(_READ_BYTES) if self._process.stdout else b""
            if not data:
                raise CommandError(f"{self.label} cannot be published: {await _last_words(self._process)}")
            self._waiting.extend(self._reader.receive(data))
        return self._waiting.popleft()


class Film:
    """A film of `round_ms`, whose last frame is followed by its first one, for ever."""

    def __init__(self, label: str, data: bytes, round_ms: int) -> None:
        self.label = label
        reader = flv.Reader()
        tags = list(reader.receive(data))
        self.video, self.audio = reader.video, reader.audio
        self._setup = deque(tag for tag in tags if flv.is_setup(tag))
        self._round = [tag for tag in tags if not flv.is_setup(tag)]
        self._round_ms = round_ms
        self._taken = 0

    async def take(self) -> flv.Tag:
        """Return the next tag."""
        if self._setup:
            return self._setup.popleft()
        rounds, number = divmod(self._taken, len(self._round))
        self._taken += 1
        tag = self._round[number]
        return flv.Tag(tag.type, tag.timestamp_ms + rounds * self._round_ms, tag.body)

    async def end(self) -> None:
        """Nothing to let go of."""


async def make_films(folder: Path, count: int) -> None:
    """Write the films of the first guests into `folder` (media/films.py)."""
    process = await _run("tailrace.media.films", [str(folder), str(count)])
    try:
        async with asyncio.timeout(_FILMS_WITHIN):
            _, said = await process.communicate()
    finally:
        await _end(process)
    if process.returncode:
        raise CommandError(f"the people's pictures cannot be made: {_last_line(said)}")


async def _run(program: str, arguments: Sequence[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.communicate()


async def _last_words(process: asyncio.subprocess.Process) -> str:
    _, said = await process.communicate()
    return _last_line(said)


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave nothing"
