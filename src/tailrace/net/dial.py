"""Dial: a connection to a name, made to one of its addresses that have been checked."""

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import TypeVar

from tailrace.errors import DestinationUnreachable, DestinationUntrusted
from tailrace.net.guard import Guard

_P = TypeVar("_P", bound=asyncio.Protocol)


async def dial(
    make: Callable[[], _P],
    host: str,
    port: int,
    guard: Guard,
    *,
    timeout: float,
    tls: ssl.SSLContext | None,
    called: str = "",
) -> _P:
    """Return the protocol that `make` made for the first address that takes a connection.

    The addresses are tried one after the other, each with an equal part of what is left of `timeout` (seconds). `tls`
    checks the certificate against `host`; None: no TLS. Errors name `called`, or else `host`. Raises AddressForbidden,
    DestinationNameUnknown, DestinationUntrusted, DestinationUnreachable, and TimeoutError.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    addresses = await guard.resolve(host, port, timeout)
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            async with asyncio.timeout((deadline - loop.time()) / left):
                _, protocol = await loop.create_connection(
                    make, address, port, ssl=tls, server_hostname=host if tls else None
                )
                return protocol
        except TimeoutError:
            if left == 1:
                raise
        except OSError as error:  # ssl.SSLError is one
            if left == 1:
                kind = DestinationUntrusted if isinstance(error, ssl.SSLError) else DestinationUnreachable
                raise kind(f"{called or host} cannot be reached: {_why(error)}") from error
    raise AssertionError("the last address returns or raises")


def _why(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason}"
    return os.strerror(error.errno) if error.errno else type(error).__name__
