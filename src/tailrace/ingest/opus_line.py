"""OpusLine: the sound of one watched stream becomes Opus in a thread of its own, which loads FFmpeg when it is needed.

An ingest process has no use for FFmpeg before somebody watches a stream with AAC in it, and never waits for it.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tailrace.errors import PeerError
from tailrace.unit import Unit

if TYPE_CHECKING:
    from tailrace.media.opus import OpusPacket, OpusTranscoder

_log = logging.getLogger(__name__)

# Units that wait for the thread: 1.4 s at 47 a second, more than loading FFmpeg takes. Older ones would be late anyway.
MAX_WAITING = 64
# So that a publisher of garbage does not fill the log.
_MOST_LOGGED = 3


class OpusLine:
    """`give` is called, in the event loop, with each packet and its time in microseconds. `close` it at the end."""

    def __init__(self, give: Callable[[bytes, int], None]) -> None:
        self._give = give
        self._thread = ThreadPoolExecutor(1, "opus")
        self._transcoder: OpusTranscoder | None = None
        self._waiting = self._failures = 0
        self.left_out = 0

    def feed(self, unit: Unit, time_us: int) -> None:
        """Take a unit of AAC that is heard at `time_us`."""
        if self._waiting >= MAX_WAITING:
            self.left_out += 1
            return
        self._waiting += 1
        work = functools.partial(self._work, unit.config, unit.payload, time_us)
        asyncio.get_running_loop().run_in_executor(self._thread, work).add_done_callback(self._done)

    def close(self) -> None:
        """Make nothing more; twice is harmless. What is in work ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _work(self, config: bytes, payload: bytes, time_us: int) -> "Sequence[OpusPacket]":
        if self._transcoder is None:
            from tailrace.media.opus import OpusTranscoder

            self._transcoder = OpusTranscoder()
        return self._transcoder.feed(config, payload, time_us)

    def _done(self, made: "asyncio.Future[Sequence[OpusPacket]]") -> None:
        self._waiting -= 1
        if made.cancelled():
            return
        match made.exception():
            case None:
                for packet in made.result():
                    self._give(packet.payload, packet.pts_us)
            case PeerError() as error:
                self._failures += 1
                if self._failures <= _MOST_LOGGED:
                    _log.warning("sound cannot be decoded", extra={"error": str(error)})
            case error:
                raise error
