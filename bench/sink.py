"""Sink: the neutral CDN of the benchmarks, a process that stamps what reaches it and who ended it, and how.

It takes every stream, ours and the peers', and does nothing with it: no queue, no player, no disk. Times are those of
the monotonic clock, which all processes of a machine share. `python -m bench.sink` writes one JSON line per event:
`port` first, then `publish`, `first_key` and `end` with the stream's name, `at`, and how it ended. For a stream of the
application `frames`, the end is followed by `frames`: a digest and the time of each picture. Started as `python -m
bench.sink FOLDER` it writes streams of the application `record` there: `NAME.flv`, and `NAME.json` with the time at
which each picture came; then it says `recorded`. Of a stream of the application `stall` it reads nothing any more
once it has a key frame; of one of the application `beats` it tells each picture, with the number of its connection.
"""

import asyncio
import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, Self, cast

from tailrace.errors import PeerError
from tailrace.wire import flv
from tailrace.wire.rtmp.event import Audio, Ended, PublishRequested, Video
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.server import ServerConnection

# A picture's FLV header: frame type and codec, packet type, composition time. Behind it are the same bytes for all.
_HEADER_BYTES: Final = 5
# Ten minutes of 30 pictures a second.
_MAX_FRAMES: Final = 18_000
# What is recorded is held until the end: writing would delay the stamps. Two minutes of 16 Mbit/s.
_MAX_RECORD_BYTES: Final = 240_000_000
_READY_WITHIN: Final = 10.0
_numbers = itertools.count()


def digest(body: bytes) -> str:
    """Return what tells one picture from another, by the bytes that no relay changes."""
    return hashlib.blake2b(body[_HEADER_BYTES:], digest_size=8).hexdigest()


def is_picture(body: bytes) -> bool:
    """Whether an FLV video body holds H.264 pictures, not set-up data."""
    return len(body) > _HEADER_BYTES and body[0] & 15 == 7 and body[1] == 1


def is_key(body: bytes) -> bool:
    """Whether it is a key frame."""
    return is_picture(body) and body[0] >> 4 == 1


class _Connection(asyncio.Protocol):
    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._number = next(_numbers)
        self._tags: list[bytes] = []
        self._taken = 0
        self._core = ServerConnection(os.urandom(RANDOM_SIZE))
        self._name = self._app = ""
        self._started = self._ended = False
        self._frames: list[tuple[str, float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        try:
            for event in self._core.receive(data):
                if isinstance(event, Video | Audio):
                    self._record(event)
                if isinstance(event, Video):
                    self._video(at, event.payload)
                elif isinstance(event, PublishRequested):
                    self._app, self._name = event.app, event.name
                    _say("publish", name=self._name, at=at)
                    self._core.accept(event)
                elif isinstance(event, Ended):
                    self._end(at, event.command)
        except PeerError as error:
            self._end(at, f"error: {error}")
            self._transport.abort()
            return
        if answer := self._core.data_to_send():
            self._transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(time.monotonic(), "lost" if exc else "closed")

    def _video(self, at: float, body: bytes) -> None:
        if not self._started and is_key(body):
            self._started = True
            _say("first_key", name=self._name, at=at)
            if self._app == "stall":
                self._transport.pause_reading()
                _stalled.append(self)
        if self._app == "beats" and is_picture(body):
            _say("picture", name=self._name, at=at, connection=self._number)
        if self._app in ("frames", "record") and is_picture(body) and len(self._frames) < _MAX_FRAMES:
            self._frames.append((digest(body) if self._app == "frames" else "", at))

    def _record(self, event: Video | Audio) -> None:
        if self._app == "record" and self._folder and self._taken < _MAX_RECORD_BYTES:
            kind = flv.TagType.VIDEO if isinstance(event, Video) else flv.TagType.AUDIO
            self._tags.append(flv.encode_tag(kind, event.timestamp_ms, event.payload))
            self._taken += len(event.payload)

    def _end(self, at: float, how: str) -> None:
        if self._name and not self._ended:
            self._ended = True
            _say("end", name=self._name, at=at, how=how)
            if self._app == "frames":
                _say("frames", name=self._name, frames=self._frames)
            if self._app == "record" and self._folder:
                file = self._folder / f"{self._name}.flv"
                file.write_bytes(flv.file_header(audio=True, video=True) + b"".join(self._tags))
                file.with_suffix(".json").write_text(json.dumps([at for _, at in self._frames]))
                _say("recorded", name=self._name)


# asyncio forgets a connection that is not read, and the garbage collection closes it.
_stalled: list[_Connection] = []


def _say(event: str, **values: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


async def _serve(folder: Path | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(folder), "127.0.0.1", 0)
    _say("port", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


class Sink:
    """`with Sink() as sink:` runs one, and knows what it has said. `folder` is where it records to."""

    def __init__(self, folder: Path | None = None) -> None:
        self.port = 0
        self._folder = folder
        self._said: dict[tuple[str, str], dict[str, Any]] = {}
        self._pictures: dict[str, list[tuple[int, float]]] = {}
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sink", *([str(self._folder)] if self._folder else [])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._listening = threading.Thread(target=self._listen, name="sink")
        self._listening.start()
        try:
            self.port = self.wait("port", "", _READY_WITHIN)["port"]
        except TimeoutError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._listening.join()

    def url(self, name: str, app: str = "live") -> str:
        """Return an address to push to."""
        return f"rtmp://127.0.0.1:{self.port}/{app}/{name}"

    def pictures(self, name: str) -> list[tuple[int, float]]:
        """Return the connection and the time of each picture of a stream of the application `beats`."""
        with self._changed:
            return list(self._pictures.get(name, ()))

    def steady(self, name: str, seconds: float) -> bool:
        """Whether its pictures have come for so long without a pause of half of that."""
        now = time.monotonic()
        times = [now - seconds, *(at for _, at in self.pictures(name) if at > now - seconds), now]
        return max(later - earlier for earlier, later in itertools.pairwise(times)) < seconds / 2

    def wait(self, event: str, name: str, timeout: float = 20.0) -> dict[str, Any]:
        """Return what it said of a stream. Raises TimeoutError when it does not within `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: (event, name) in self._said, timeout):
                raise TimeoutError(f"the sink saw no {event} of {name} within {timeout:g} s")
            return self._said[event, name]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                with self._changed:
                    if said["event"] == "picture":
                        self._pictures.setdefault(said["name"], []).append((said["connection"], said["at"]))
                    self._said[said["event"], said.get("name", "")] = said
                    self._changed.notify_all()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]) if sys.argv[1:] else None))
