"""Bucket: a key-value bucket of the bus with compare-and-set, lists in one request, and a feed of changes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tailrace.bus.connection import REQUEST_TIMEOUT, Bus, asking
from tailrace.bus.subjects import changed, stored, stream_of
from tailrace.errors import BusError, Conflict

# Records are a few kB each: a page is some hundred kB and takes about 5 ms.
PAGE = 250
# Seconds that the mark of a deleted key is kept: longer than any watcher can be cut off and not read the list again.
MARK_LIFE = 600
# Changes that wait for a watcher: ten changes of each of a thousand tasks.
MAX_PENDING_CHANGES = 10_000
_NOTE = "Tailrace-Note"
_WRONG_SEQUENCE = (10071, 10164)


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored value. `value` is None when the key was deleted; `revision` grows with each change in the bucket.

    `note` is what the one who deleted it left, empty when the key ran out.
    """

    key: str
    value: bytes | None
    revision: int
    note: str = ""


class Bucket:
    """Access to one bucket, by its name. A write may take `write_timeout` seconds: STORE_TIMEOUT for one on disk."""

    def __init__(self, bus: Bus, name: str, write_timeout: float = REQUEST_TIMEOUT) -> None:
        self.bus = bus
        self._name = name
        self._write_timeout = write_timeout
        self._prefix = len(stored(name, ""))
        self._direct = f"$JS.API.DIRECT.GET.{stream_of(name)}"

    async def get(self, key: str) -> Entry | None:
        """Return what is stored, None when there is nothing; a deleted key comes as an entry without value."""
        answer = await self.bus.request(f"{self._direct}.{stored(self._name, key)}", b"")
        if answer is None:
            raise BusError(f"the bucket {self._name} does not answer")
        if answer.headers is not None and "Status" in answer.headers:
            return None
        return self._entry(answer)

    async def get_many(self, keys: Sequence[str]) -> "list[Entry]":
        """Return what is stored under these keys, as far as there is something; deleted ones come without value."""
        found: list[Entry] = []
        for start in range(0, len(keys), PAGE):
            ask = {"multi_last": [stored(self._name, key) for key in keys[start : start + PAGE]], "batch": PAGE}
            *page, end = await self.bus.request_many(self._direct, json.dumps(ask).encode(), REQUEST_TIMEOUT)
            if (status := (end.headers or {}).get("Status")) not in ("204", "404"):
                raise BusError(f"the bucket {self._name} does not answer: status {status}")
            found += [self._entry(message) for message in page]
        return found

    async def list(self, pattern: str) -> list[Entry]:
        """Return all entries whose key matches, deleted ones included; a change meanwhile may or may not be seen."""
        found: dict[str, Entry] = {}
        start = 1
        while True:
            ask = {"seq": start, "next_by_subj": stored(self._name, pattern), "batch": PAGE}
            *page, end = await self.bus.request_many(self._direct, json.dumps(ask).encode(), REQUEST_TIMEOUT)
            status = (end.headers or {}).get("Status")
            if status not in ("204", "404"):
                raise BusError(f"the bucket {self._name} does not answer: status {status}")
            entries = [self._entry(message) for message in page]
            found.update((entry.key, entry) for entry in entries)
            if not entries or (end.headers or {}).get("Nats-Num-Pending", "0") == "0":
                return list(found.values())
            start = entries[-1].revision + 1

    async def put(self, key: str, value: bytes, revision: int, life: int = 0) -> int:
        """Store if the key is still at `revision` (0: was never there), and return its new one. Raises Conflict.

        It is kept for `life` seconds, 0: as long as the bucket keeps anything.
        """
        headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        if life:
            headers["Nats-TTL"] = f"{life}s"
        return await self._write(key, value, headers)

    async def delete(self, key: str, revision: int, note: str = "") -> None:
        """Delete if the key is still at `revision`, and leave a mark, with `note`, for watchers. Raises Conflict."""
        headers = {
            "Nats-Expected-Last-Subject-Sequence": str(revision),
            "KV-Operation": "DEL",
            "Nats-TTL": f"{MARK_LIFE}s",
            **({_NOTE: note} if note else {}),
        }
        await self._write(key, b"", headers)

    async def watch(
        self, pattern: str, on_change: Callable[[Entry], None], on_drop: Callable[[], None]
    ) -> Subscription:
        """Call `on_change` for each change stored from now on; `on_drop` when changes were lost: list again."""

        async def take(message: Msg) -> None:
            on_change(self._entry(message))

        return await self.bus.subscribe(
            changed(self._name, pattern), take, on_drop=on_drop, max_messages=MAX_PENDING_CHANGES
        )

    async def _write(self, key: str, value: bytes, headers: dict[str, str]) -> int:
        answer = await self.bus.request(stored(self._name, key), value, self._write_timeout, headers)
        if answer is None:
            raise BusError(f"the bucket {self._name} does not answer")
        with asking("read an answer of the bus"):
            body = json.loads(answer.data)
        error = body.get("error")
        if error and error.get("err_code") in _WRONG_SEQUENCE:
            raise Conflict(f"{self._name}: {key} has changed")
        if error:
            raise BusError(f"{self._name}: {error.get('description')}")
        return int(body["seq"])

    def _entry(self, message: Msg) -> Entry:
        headers = message.headers or {}
        gone = "KV-Operation" in headers or "Nats-Marker-Reason" in headers
        return Entry(
            headers["Nats-Subject"][self._prefix :],
            None if gone else message.data,
            int(headers["Nats-Sequence"]),
            headers.get(_NOTE, ""),
        )
