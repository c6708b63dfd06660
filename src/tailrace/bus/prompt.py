"""Prompt: data handed over one turn of the event loop after it was read, that of one read together.

For a subscription with a callback nats-py (2.16) finds each message with two regular expressions, makes an object with
nine fields, puts it into a queue and wakes a task for it. For a mix of nine people, 560 messages a second, that was two
thirds of what it cost to receive them: 25 to 45 µs each, and 8 to 14 as it is done here.

- `subscribe(future=...)` is meant for the one answer to a request: the client hands a message over with `set_result`,
  at once (`Client._process_msg`). A `Prompt` takes the place of that future.
- The client's parser (`Client._ps`) is replaced by one that knows the prompts, and takes their messages out of what was
  read as long as nothing else stands before them. All the rest is for the client's own. Should a later client
  have it under another name, nothing is lost but time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.protocol.parser import AWAITING_CONTROL_LINE, MAX_CONTROL_LINE_SIZE, Parser

Take = Callable[[bytes], None]

_MESSAGE: Final = b"MSG"
_END: Final = b"\r\n"
# "MSG", subject, number of the subscription, size; one more, the subject for an answer, means that it is no media.
_WORDS: Final = 4


class Prompt:
    """Stands in for a future that gets one message after the other."""

    def __init__(self, arrivals: "Arrivals", take: Take) -> None:
        self._arrivals = arrivals
        self._take = take

    def cancelled(self) -> bool:
        """Return False: it always wants the next one."""
        return False

    def set_result(self, message: Msg) -> None:
        """Take the next one."""
        self._arrivals.put(self._take, message.data)


class Arrivals:
    """What one connection has read and not yet handed over: no more than one read brings, since nobody waits."""

    def __init__(self, client: Client) -> None:
        self._waiting: deque[tuple[Take, bytes]] = deque()
        self._takes: dict[bytes, Take] = {}
        client._ps = _Reader(client, self._takes, self.put)

    def open(self, number: int, take: Take) -> None:
        """Let `take` have what comes for the subscription of this number."""
        self._takes[b"%d" % number] = take

    def close(self, number: int) -> None:
        """Forget this subscription, if it is a prompt one."""
        self._takes.pop(b"%d" % number, None)

    def put(self, take: Take, data: bytes) -> None:
        """Have `take` called with it. Not here: what it raises would end the client's reader."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._waiting.append((take, data))

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        try:
            while waiting:
                take, data = waiting.popleft()
                take(data)
        finally:
            for take, data in waiting:  # after one that has failed, which the loop reports
                self.put(take, data)


class _Reader(Parser):
    def __init__(self, client: Client, takes: dict[bytes, Take], put: Callable[[Take, bytes], None]) -> None:
        super().__init__(client)
        self._takes = takes
        self._put = put

    def reset(self) -> None:
        """Called by the client at first, and for each connection."""
        super().reset()
        self._begun: list[bytes] = []  # the message at the end of what was read, in pieces, ...
        self._missing = 0  # ... and how much of it has to come at least until it is worth another look

    async def parse(self, data: bytes = b"") -> None:
        """Called by the client with what was read."""
        if self._begun:
            self._begun.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._begun)
            self._begun = []
        between = self.state == AWAITING_CONTROL_LINE and not self.buf
        at = self._take_prompt(data) if between else 0
        if at < len(data):
            await super().parse(data[at:] if at else data)

    def _take_prompt(self, data: bytes) -> int:
        """Return how much of it was for prompts."""
        at = 0
        while (head_ends := data.find(_END, at)) > at:
            words = data[at:head_ends].split()
            if len(words) != _WORDS or words[0] != _MESSAGE or (take := self._takes.get(words[2])) is None:
                return at
            begins = head_ends + len(_END)
            ends = begins + int(words[3])
            if ends + len(_END) > len(data):
                return self._wait(data, at, ends + len(_END) - len(data))
            self._put(take, data[begins:ends])
            at = ends + len(_END)
        if head_ends < 0 and data.startswith(_MESSAGE, at) and len(data) - at < MAX_CONTROL_LINE_SIZE:
            return self._wait(data, at, 1)
        return at

    def _wait(self, data: bytes, at: int, missing: int) -> int:
        self._begun = [data[at:]]
        self._missing = missing
        return len(data)
