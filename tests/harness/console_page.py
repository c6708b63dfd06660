"""ConsolePage: what a page of the console does over HTTP, without a browser."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from tests.harness.waiting import eventually

JSON = {"Content-Type": "application/json"}
Fields = dict[str, Any]


class Changes:
    """The stream of changes as it comes in, and what a page makes of it: rooms and tasks by their names."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Fields]] = []
        self.rooms: dict[str, Fields] = {}
        self.tasks: dict[str, Fields] = {}
        self.ended = False

    def take(self, name: str, data: Fields) -> None:
        """Take one event in."""
        if name == "snapshot":
            self.rooms = {room["RoomId"]: room for room in data["Rooms"]}
            self.tasks = {task["TaskId"]: task for task in data["Tasks"]}
        elif name == "room" and data["Members"]:
            self.rooms[data["RoomId"]] = data
        elif name == "room":
            self.rooms.pop(data["RoomId"], None)
        elif name == "task":
            self.tasks[data["TaskId"]] = data
        self.told.append((name, data))

    def of(self, name: str) -> list[Fields]:
        """Return the data of all events of one name."""
        return [data for told, data in list(self.told) if told == name]

    def until(self, condition: "Callable[[Changes], object]", what: str) -> Self:
        """Wait until it is so."""
        eventually(lambda: condition(self), what)
        return self


class ConsolePage(httpx.Client):
    """`with ConsolePage(url) as page:` keeps cookies, and sends the Origin of the console's own pages."""

    def __init__(self, url: str, **headers: str) -> None:
        super().__init__(base_url=f"{url}/console", headers={"Origin": url, **headers}, timeout=20, trust_env=False)
        self.cookie = f"tailrace_console_{url.rpartition(':')[2]}"
        """The name of the session's cookie."""

    def sign_in(self, secret_id: str, secret_key: str) -> httpx.Response:
        """Begin a session."""
        return self.post("/api/session", json={"SecretId": secret_id, "SecretKey": secret_key})

    def sign_out(self) -> httpx.Response:
        """End it."""
        return self.delete("/api/session", headers=JSON)

    def call(self, action: str, **payload: object) -> Fields:
        """Call the Cloud API; return the Response."""
        answer = self.post("/api/call", json={"Action": action, "Payload": payload})
        assert answer.status_code == 200, answer.text
        response: Fields = answer.json()["Response"]
        return response

    @contextmanager
    def following(self) -> Iterator[Changes]:
        """Read the stream in a thread until the end of the block."""
        changes = Changes()
        with self.stream("GET", "/api/stream", timeout=None) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            thread = threading.Thread(target=_read, args=(answer, changes), name="stream of changes")
            thread.start()
            try:
                yield changes
            finally:
                # A read that waits ends when its socket does.
                answer.extensions["network_stream"].get_extra_info("socket").shutdown(2)
                thread.join(10)
                assert not thread.is_alive()


def _read(answer: httpx.Response, changes: Changes) -> None:
    name = ""
    try:
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                changes.take(name, json.loads(value))
    except (httpx.TransportError, httpx.StreamError):
        pass  # it was ended by us, or by the server
    changes.ended = True
