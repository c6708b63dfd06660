"""Addresses of WHEP, with UserSigs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tailrace.ids import UserId
from tailrace.wire import usersig
from tests.harness.ingest import APP, KEY, IngestProcess
from tests.harness.publisher import Publisher
from tests.harness.waiting import eventually
from tests.harness.whep import offer, post


def sig_of(user: str) -> str:
    """A UserSig that is good for an hour."""
    return usersig.make(APP, KEY, UserId(user), int(time.time()), 3600).reveal()


def sub(ingest: IngestProcess, room: str, viewer: str = "viewer", **fields: str) -> tuple[str, str]:
    """The v2 address that shows somebody of a room, and the bearer token for it."""
    return f"{ingest.http}/v2/sub/{APP}/{room}?{urlencode({'SessionID': viewer, **fields})}", sig_of(viewer)


def play(ingest: IngestProcess, room: str, viewer: str = "viewer", **fields: str) -> str:
    """The v1 address that shows somebody of a room."""
    query = {"sdkappid": str(APP), "userid": viewer, "usersig": sig_of(viewer), **fields}
    return f"{ingest.http}/v1/play/{room}?{urlencode(query, safe='*-_')}"


@contextmanager
def published(ingest: IngestProcess, film: Path, room: str, user: str) -> Iterator[Publisher]:
    """Publish a film over RTMP; it can be watched once this is entered."""
    with Publisher(film, ingest.push(room, user)) as publisher:
        address, bearer = sub(ingest, room, remoteuserid=user)
        eventually(lambda: post(address, offer(), bearer).status == 201, f"{user} in the room {room}")
        yield publisher
