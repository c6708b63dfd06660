"""Download: an image that a caller named, from a checked address, bounded in time and size (spec/03 section 5)."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import httpx

from tailrace.errors import AddressForbidden, DestinationError, DestinationRefused, DestinationUnreachable, ImageError
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl

# What httpx loads with its first request, in 90 ms, is loaded with this module, before a task's process is forked: else
# the first image of each mix would come so much later.
for _late in ("httpcore", "anyio._backends._asyncio"):
    import_module(_late)

MAX_BYTES: Final = 5 * 1024 * 1024
TRY_TIMEOUT: Final = 10.0
# Seconds before each of the three retries: a server that restarts gets a few, and the scene does not wait long.
PAUSES: Final = (0.5, 1.0, 2.0)
_CHARACTERS: Final = re.compile(r"[0-9a-zA-Z\-._~:/?#\[\]@!&()*+,%=;|]+")
_PORTS: Final = {"http": 80, "https": 443}


async def download(
    url: ImageUrl,
    guard: Guard,
    *,
    timeout: float = TRY_TIMEOUT,
    pauses: Sequence[float] = PAUSES,
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """Return what is at `url`, after one try and at most one more for each of `pauses`.

    `timeout` is in seconds, for each try. `tls` replaces the default of https, which verifies the certificate. Raises
    ImageError, whose text never holds the path or query. What cannot change is not tried again: forbidden characters
    and addresses, redirects, too many bytes. A 404 is: the file may have been uploaded just now.
    """
    target = _parsed(url)
    for pause in (*pauses, None):
        try:
            return await _try(target, guard, timeout, tls)
        except AddressForbidden as error:
            raise ImageError(f"the image at {url} is not fetched: {error}") from error
        except ImageError as error:
            raise ImageError(f"the image at {url} {error}") from error
        except (TimeoutError, DestinationError, httpx.TransportError) as error:
            if pause is None:
                raise ImageError(f"the image at {url} {_why(error, timeout)}, in {len(pauses) + 1} tries") from error
            await asyncio.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _parsed(url: ImageUrl) -> httpx.URL:
    text = url.reveal()
    if not _CHARACTERS.fullmatch(text):
        raise ImageError(f"the address of the image at {url} has characters that are not allowed")
    try:
        target = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        # The original error quotes the address.
        raise ImageError("the address of an image cannot be read") from None
    if target.scheme not in _PORTS or not target.host:
        raise ImageError("the address of an image begins with http:// or https:// and a host")
    return target


async def _try(target: httpx.URL, guard: Guard, timeout: float, tls: ssl.SSLContext | None) -> bytes:
    async with asyncio.timeout(timeout):
        addresses = await guard.resolve(target.host, target.port or _PORTS[target.scheme], timeout)
        limits = httpx.Timeout(None, connect=timeout / len(addresses))
        context = tls or await _context(target)
        # No proxies of the environment: through one, the address that was checked would not be the one that is dialled.
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=limits) as client:
            for address in addresses[:-1]:
                try:
                    return await _get(client, target, address)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
            return await _get(client, target, addresses[-1])


async def _context(target: httpx.URL) -> ssl.SSLContext:
    """Reading the system's certificates takes 20 ms: off the loop, which pushes media, and only where they are used."""
    if target.scheme == "https":
        return await asyncio.to_thread(ssl.create_default_context)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _get(client: httpx.AsyncClient, target: httpx.URL, address: str) -> bytes:
    """Ask the server at `address` as if it had been dialled by its name."""
    # Not compressed: the size that is checked is then the size that is kept.
    headers = {"Host": target.netloc.decode("ascii"), "Accept": "image/*, video/webm", "Accept-Encoding": "identity"}
    where = target.copy_with(host=address)
    async with client.stream("GET", where, headers=headers, extensions={"sni_hostname": target.host}) as response:
        if 300 <= response.status_code < 400:
            raise ImageError("is redirected elsewhere, which is not followed")
        if response.status_code != httpx.codes.OK:
            raise DestinationRefused(str(response.status_code), response.reason_phrase)
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MAX_BYTES:
                raise ImageError(f"has more than {MAX_BYTES} bytes")
        return bytes(body)


def _why(error: Exception, timeout: float) -> str:
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return f"did not come within {timeout:g} s"
        case DestinationRefused():
            return f"was answered with status {error.code}"
        case DestinationUnreachable() | httpx.ConnectError():
            return "cannot be reached"
        case _:
            return "broke off"
