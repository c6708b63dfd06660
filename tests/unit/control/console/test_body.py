"""Body: no more is read than may be sent."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from tailrace.control.console.body import MAX_BODY, fields
from tailrace.control.intake import Disconnected
from tailrace.errors import CallerError, CallTooLarge
from tailrace.wire.cloud.json_body import Json


def read(pieces: Iterable[bytes], *, ends: bool = True) -> dict[str, Json]:
    """Read a body that comes in these pieces; then the browser goes away unless that is its end."""

    def messages() -> Iterator[Message]:
        for piece in pieces:
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False} if ends else {"type": "http.disconnect"}

    sent = messages()

    async def receive() -> Message:
        return next(sent)

    return asyncio.run(fields(Request({"type": "http", "method": "POST", "headers": []}, receive)))


def test_a_body_is_one_however_it_is_cut() -> None:
    assert read([b'{"A', b'ction": ', b'"Stop"}']) == {"Action": "Stop"}


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    read_so_far: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            read_so_far.append(64 * 1024)
            yield bytes(64 * 1024)

    with pytest.raises(CallTooLarge):
        read(endless())

    assert sum(read_so_far) <= MAX_BODY + 64 * 1024


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(CallerError):
        read([body])


def test_who_goes_away_meanwhile_is_no_error_of_ours() -> None:
    with pytest.raises(Disconnected):
        read([b'{"Action":'], ends=False)
