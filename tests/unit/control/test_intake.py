"""Intake: how far a request is read."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from tailrace.control.intake import LARGE_AT_ONCE, MAX_GET, MAX_TC3_POST, MAX_V1_POST, SMALL, Disconnected, Intake
from tailrace.errors import CallTooLarge, MethodUnsupported
from tailrace.wire.cloud.request import HttpRequest

SIGNED = [(b"authorization", b"x")]


class Caller:
    """Gives a body in pieces; `given` is how many were taken."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = list(pieces)
        self.given = 0

    async def __call__(self) -> dict[str, Any]:
        """The next piece; when there is none, the caller is gone."""
        if self.given == len(self._pieces):
            return {"type": "http.disconnect"}
        self.given += 1
        more = self.given < len(self._pieces)
        return {"type": "http.request", "body": self._pieces[self.given - 1], "more_body": more}


class GoneInTheMiddle(Caller):
    """Says that more is to come, and goes."""

    async def __call__(self) -> dict[str, Any]:
        """A piece with more to come, then the end."""
        message = await super().__call__()
        return message | {"more_body": True} if "body" in message else message


def scope(method: str = "POST", headers: Iterable[tuple[bytes, bytes]] = (), query: bytes = b"") -> dict[str, Any]:
    return {"method": method, "headers": list(headers), "query_string": query, "raw_path": b"/"}


def read(caller: Caller, **settings: Any) -> HttpRequest:
    return asyncio.run(Intake().read(scope(**settings), caller))


@pytest.mark.parametrize("size", [1, 7, SMALL, 200_000])
def test_a_body_is_the_same_however_it_is_cut(size: int) -> None:
    body = bytes(range(256)) * 1000
    request = read(Caller(body[start : start + size] for start in range(0, len(body), size)))

    assert request.body == body


@pytest.mark.parametrize(("headers", "limit"), [([], MAX_V1_POST), (SIGNED, MAX_TC3_POST)])
def test_reading_ends_where_the_limit_is_passed(headers: list[tuple[bytes, bytes]], limit: int) -> None:
    endless = Caller([b"x" * 65536] * 1000)

    with pytest.raises(CallTooLarge):
        read(endless, headers=headers)
    assert endless.given == limit // 65536 + 1


def test_a_length_that_is_announced_is_believed_before_anything_is_read() -> None:
    caller = Caller([b"x"])

    with pytest.raises(CallTooLarge):
        read(caller, headers=[(b"content-length", str(MAX_V1_POST + 1).encode())])
    assert caller.given == 0


@pytest.mark.parametrize("pieces", [[b"x" * (MAX_V1_POST + 1)], [b"x", b"x" * MAX_V1_POST]])
def test_one_large_piece_is_too_large_as_well(pieces: list[bytes]) -> None:
    with pytest.raises(CallTooLarge):
        read(Caller(pieces))


def test_a_get_counts_with_its_query_and_body() -> None:
    query = b"x" * (MAX_GET - 100)

    assert read(Caller([b""]), method="GET", query=query).query == query
    with pytest.raises(CallTooLarge):
        read(Caller([b"x" * 200]), method="GET", query=query)


def test_other_methods_are_refused() -> None:
    with pytest.raises(MethodUnsupported):
        read(Caller([b""]), method="PUT")


@pytest.mark.parametrize("caller", [Caller([]), GoneInTheMiddle([b"x"]), GoneInTheMiddle([b"x" * SMALL * 2])])
def test_a_caller_who_goes_away_is_noticed(caller: Caller) -> None:
    with pytest.raises(Disconnected):
        read(caller)


def test_only_so_many_large_bodies_are_read_at_once() -> None:
    async def work() -> int:
        intake, reading, go = Intake(), 0, asyncio.Event()
        most = 0

        def caller() -> Any:
            steps = iter(range(4))

            async def receive() -> dict[str, Any]:
                nonlocal reading, most
                step = next(steps)
                if step == 2:
                    reading += 1
                    most = max(most, reading)
                    if most == LARGE_AT_ONCE:
                        go.set()
                    await go.wait()
                    reading -= 1
                return {"type": "http.request", "body": b"x" * SMALL, "more_body": step < 3}

            return receive

        await asyncio.gather(*(intake.read(scope(headers=SIGNED), caller()) for _ in range(3 * LARGE_AT_ONCE)))
        return most

    assert asyncio.run(work()) == LARGE_AT_ONCE
