"""Backlog: the tags that wait for a player over HTTP, bounded, and what is left out when the player is slow."""

import asyncio
from collections import deque

from tailrace.errors import PeerError
from tailrace.wire import flv

# 4 s of a 6 Mbit/s stream: more delay than that nobody wants to see made good.
SOFT_BYTES = 3 * 1024 * 1024
# What may wait in all: a joiner's whole group of pictures (group.MAX_BYTES) and the largest key frame after it.
HARD_BYTES = 24 * 1024 * 1024
# Sound alone fills no bytes bound in any useful time, so it is counted: 4000 frames are 85 s at 48 kHz.
HARD_TAGS = 4000


class Hopeless(PeerError):
    """The player takes so little that not even the sound fits."""


class Backlog:
    """Tags for one player. When more than SOFT_BYTES wait, video is left out up to the next key frame that fits."""

    def __init__(self, soft_bytes: int = SOFT_BYTES, hard_bytes: int = HARD_BYTES, hard_tags: int = HARD_TAGS) -> None:
        self.dropped = 0
        self._soft_bytes, self._hard_bytes, self._hard_tags = soft_bytes, hard_bytes, hard_tags
        self._tags: deque[bytes] = deque()
        self._bytes = 0
        self._skipping = False
        self._hopeless = self._ended = False
        self._ready = asyncio.Event()

    def put(self, kind: flv.TagType, timestamp_ms: int, body: bytes, *, key: bool = False, must: bool = False) -> None:
        """Add a tag. `key`: a video key frame; `must`: never left out."""
        if kind is flv.TagType.VIDEO and not must:
            if key:
                self._skipping = self._bytes > self._soft_bytes
            elif self._bytes > self._soft_bytes:
                self._skipping = True
            if self._skipping:
                self.dropped += 1
                return
        if self._hopeless:
            return
        tag = flv.encode_tag(kind, timestamp_ms, body)
        self._tags.append(tag)
        self._bytes += len(tag)
        if self._bytes > self._hard_bytes or len(self._tags) > self._hard_tags:
            self._hopeless = True
            self._tags.clear()
        self._ready.set()

    def end(self) -> None:
        """Say that nothing follows."""
        self._ended = True
        self._ready.set()

    async def take(self) -> bytes:
        """Wait for tags and return all that wait; empty at the end. Raises Hopeless when the player is given up."""
        await self._ready.wait()
        if self._hopeless:
            raise Hopeless("the player is too slow")
        data = b"".join(self._tags)
        self._tags.clear()
        self._bytes = 0
        if not self._ended:
            self._ready.clear()
        return data
