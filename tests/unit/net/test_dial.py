"""Dialling a name: its addresses are checked and tried in turn, and what goes wrong is told in one line."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import TypeVar

import pytest

from tailrace.errors import AddressForbidden, DestinationNameUnknown, DestinationUnreachable
from tailrace.net.dial import dial
from tailrace.net.guard import Guard

LOOPBACK = Guard(["127.0.0.0/8", "::1/128"])
T = TypeVar("T")


class Several(Guard):
    """Resolves every name to these addresses."""

    def __init__(self, *addresses: str) -> None:
        super().__init__()
        self._addresses = addresses

    async def resolve(self, host: str, port: int, timeout: float = 5.0) -> tuple[str, ...]:
        return self._addresses


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 20))


async def connect(guard: Guard, host: str = "localhost", *, listen: bool = True, timeout: float = 5.0) -> str:
    """Dial a server on 127.0.0.1 that hears nobody unless it listens; return where the connection goes."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listen:
            server.listen()
        protocol = await dial(Peer, host, server.getsockname()[1], guard, timeout=timeout, tls=None)
        protocol.transport.abort()
        return protocol.peer


class Peer(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer: str = transport.get_extra_info("peername")[0]


def test_the_next_address_is_tried_when_one_refuses() -> None:
    assert run(connect(Several("127.0.0.2", "127.0.0.1"))) == "127.0.0.1"


def test_a_refusal_of_the_last_address_is_told_by_name() -> None:
    with pytest.raises(DestinationUnreachable, match=r"^receiver\.example cannot be reached: Connection refused$"):
        run(connect(Several("127.0.0.2", "127.0.0.1"), "receiver.example", listen=False))


def test_an_address_that_is_not_allowed_is_not_dialled() -> None:
    with pytest.raises(AddressForbidden):
        run(connect(Guard(), "127.0.0.1"))


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(DestinationNameUnknown):
        run(connect(LOOPBACK, "nobody.invalid"))
