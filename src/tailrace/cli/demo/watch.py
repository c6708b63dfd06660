"""Watch: the other end of the relay, at the built-in CDN: what it lists, what it plays, and what is in that."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tailrace.cli.exits import CommandError

# The list is asked for that often while something is waited for: finer than the times that are reported, 10 ms.
_LOOK_EACH = 0.01
_WAIT_FOR_STREAM = 15.0
_WAIT_FOR_END = 10.0
# Decoding a stream again takes a fraction of its length.
_LOOK_WITHIN = 600.0
_TIMEOUT = httpx.Timeout(10.0, read=30.0)


@dataclass(frozen=True, slots=True)
class Cdn:
    """The built-in CDN at `url`."""

    url: str
    http: httpx.AsyncClient

    async def record(self, name: str) -> dict[str, Any] | None:
        """Return what the CDN says of a stream, or None."""
        found = (await self.http.get(f"{self.url}/live")).json()
        return next((record for record in found if record["name"] == name), None)

    async def until_picture(self, name: str, *, video: bool) -> dict[str, Any]:
        """Return the record once the first key frame (or, without video, any sound) has come."""
        return await self._until(
            name,
            lambda record: bool(record["first_key_frame_at"] if video else record["audio_frames"]),
            _WAIT_FOR_STREAM,
            "nothing arrived at the CDN",
        )

    async def until_ended(self, name: str) -> dict[str, Any]:
        """Return the record once the stream has ended."""
        return await self._until(name, lambda record: bool(record["ended"]), _WAIT_FOR_END, "the CDN saw no end")

    async def _until(
        self, name: str, holds: Callable[[Mapping[str, Any]], bool], within: float, otherwise: str
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within):
                # The list is all that the CDN tells: there is no event to wait for.
                while (record := await self.record(name)) is None or not holds(record):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EACH)
        except TimeoutError:
            raise CommandError(f"{name}: {otherwise} within {within:g} s") from None
        return record

    async def save(self, name: str, file: Path, arrived: Callable[[bytes], None] = lambda _: None) -> None:
        """Save what the CDN plays over HTTP, until the stream ends; `arrived` is given each piece as it comes."""
        with file.open("wb") as output:
            async with self.http.stream("GET", f"{self.url}/live/{name}.flv") as answer:
                answer.raise_for_status()
                async for data in answer.aiter_raw():
                    arrived(data)
                    output.write(data)


def client() -> httpx.AsyncClient:
    """Return an HTTP client for loopback: no proxy of the environment comes between."""
    return httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False)


async def look(file: Path, sheet: Path) -> dict[str, Any]:
    """Return what is in a received file (media/look.py)."""
    return await _decode("tailrace.media.look", file, sheet)


async def compare(file: Path, sheet: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is in a received mix, before and after its update (media/comparison.py)."""
    return await _decode("tailrace.media.comparison", file, sheet, json.dumps(question).encode())


async def _decode(program: str, file: Path, sheet: Path, question: bytes = b"") -> dict[str, Any]:
    """Return what a program, in a process of its own, says of a received file."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program, str(file), str(sheet)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,
    )
    try:
        async with asyncio.timeout(_LOOK_WITHIN):
            said, complaint = await process.communicate(question)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CommandError(f"{file} cannot be decoded: {complaint.decode(errors='replace').strip()[-200:]}")
    seen: dict[str, Any] = json.loads(said)
    return seen
