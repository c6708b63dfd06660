"""Downloading an image from servers on real sockets, most of which misbehave."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from tailrace.errors import ImageError
from tailrace.net.download import MAX_BYTES, PAUSES, download
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl
from tests.fakes.web import Answer, FakeWeb, cut, endless, endless_head, half, nothing, reset, rubbish, says
from tests.harness.certificate import self_signed

GUARD = Guard(["127.0.0.0/8", "::1/128"])
AT_ONCE = (0.0, 0.0, 0.0)
TRIES = len(AT_ONCE) + 1
PATIENT = 20.0
T = TypeVar("T")


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, PATIENT))


def fetch(*answers: Answer, timeout: float = 5.0, url: str = "/logo.png") -> tuple[bytes | str, FakeWeb]:
    """Return what was downloaded, or the text of the error."""

    async def main() -> tuple[bytes | str, FakeWeb]:
        async with FakeWeb(*answers) as server:
            try:
                return await download(server.url(url), GUARD, timeout=timeout, pauses=AT_ONCE), server
            except ImageError as error:
                return str(error), server

    return run(main())


def test_what_the_server_sends_is_returned_whole() -> None:
    body = bytes(range(256)) * 1000

    assert fetch(says("200 OK", body))[0] == body


def test_the_server_is_asked_as_if_dialled_by_its_name_and_with_the_query_as_it_is() -> None:
    async def main() -> tuple[str, int]:
        async with FakeWeb(says("200 OK", b"x")) as server:
            await download(server.url("/a/logo.png?sign=q%2Fw;e", "localhost"), GUARD)
            return server.heads[0], server.port

    head, port = run(main())

    assert head.startswith("GET /a/logo.png?sign=q%2Fw;e HTTP/1.1\r\n")
    assert f"\r\nHost: localhost:{port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head


def test_a_compressed_answer_is_not_expanded() -> None:
    packed = b"\x1f\x8b\x08 not unpacked"

    assert fetch(says("200 OK", packed, "Content-Encoding: gzip"))[0] == packed


@pytest.mark.parametrize("passing", [says("503 Busy"), says("404 Not Found"), reset, cut, rubbish])
def test_a_failure_that_passes_is_tried_again(passing: Answer) -> None:
    got, server = fetch(passing, passing, passing, says("200 OK", b"picture"))

    assert got == b"picture"
    assert len(server.heads) == TRIES


@pytest.mark.parametrize("slow", [nothing, half])
def test_a_server_that_is_too_slow_is_given_up_after_the_last_try(slow: Answer) -> None:
    got, server = fetch(slow, timeout=0.5)

    assert got == f"the image at http://127.0.0.1:{server.port}/*** did not come within 0.5 s, in 4 tries"
    assert len(server.heads) == TRIES


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says("404 Not Found"), "was answered with status 404, in 4 tries"),
        (says("500 Oops"), "was answered with status 500, in 4 tries"),
        (says("204 No Content"), "was answered with status 204, in 4 tries"),
        (reset, "broke off, in 4 tries"),
        (cut, "broke off, in 4 tries"),
        (rubbish, "broke off, in 4 tries"),
        (endless_head, "broke off, in 4 tries"),
    ],
)
def test_a_failure_that_stays_says_why(answer: Answer, why: str) -> None:
    got, server = fetch(answer)

    assert got == f"the image at http://127.0.0.1:{server.port}/*** {why}"
    assert len(server.heads) == TRIES


def test_a_redirect_is_not_followed() -> None:
    got, server = fetch(says("302 Found", b"", "Location: http://127.0.0.1/"), says("200 OK", b"x"))

    assert str(got).endswith("is redirected elsewhere, which is not followed")
    assert len(server.heads) == 1


def test_an_endless_body_is_cut_off_at_the_limit() -> None:
    got, server = fetch(endless)

    assert str(got).endswith(f"has more than {MAX_BYTES} bytes")
    assert len(server.heads) == 1
    # What was sent beyond the limit stands in the buffers of the two sockets.
    assert server.sent < 3 * MAX_BYTES


def test_five_mebibytes_are_allowed_and_one_byte_more_is_not() -> None:
    assert len(fetch(says("200 OK", bytes(MAX_BYTES)))[0]) == MAX_BYTES
    assert str(fetch(says("200 OK", bytes(MAX_BYTES + 1)))[0]).endswith(f"has more than {MAX_BYTES} bytes")


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    async def main() -> None:
        async with FakeWeb(nothing) as server:
            url = server.url()
        await download(url, GUARD, pauses=AT_ONCE)

    with pytest.raises(ImageError, match=r"/\*\*\* cannot be reached, in 4 tries$"):
        run(main())


def test_a_private_address_is_not_dialled() -> None:
    async def main() -> tuple[str, int]:
        async with FakeWeb(says("200 OK", b"x")) as server:
            with pytest.raises(ImageError) as caught:
                await download(server.url(), Guard())
            return str(caught.value), len(server.heads)

    why, asked = run(main())

    assert why.endswith(
        "is not fetched: 127.0.0.1 is not a public address, and destinations.allow_private does not list it"
    )
    assert asked == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> tuple[bytes, int]:
        async with FakeWeb(says("200 OK", b"direct")) as server, FakeWeb(says("200 OK", b"proxied")) as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            return await download(server.url(), GUARD), len(proxy.heads)

    assert run(main()) == (b"direct", 0)


@pytest.mark.parametrize("wrong", [" ", "$", "'", '"', "<", "\\", "^", "`", "{", "é", "中", "\n", "\x00"])
def test_a_character_that_is_not_allowed_is_a_failure_without_a_try(wrong: str) -> None:
    got, server = fetch(says("200 OK", b"x"), url=f"/a{wrong}b.png")

    assert got == f"the address of the image at http://127.0.0.1:{server.port}/*** has characters that are not allowed"
    assert server.heads == []


def test_every_allowed_character_may_be_in_the_path() -> None:
    assert fetch(says("200 OK", b"x"), url="/aZ09-._~:@!&()*+,%20=;|[]/?b=[c]|#d")[0] == b"x"


@pytest.mark.parametrize(
    "url",
    ["", "logo.png", "ftp://images.example/a.png", "file:///etc/passwd", "http://", "http://[::1/a", "http://a:b/"],
)
def test_an_address_that_is_none_is_refused_without_its_path(url: str) -> None:
    with pytest.raises(ImageError) as caught:
        run(download(ImageUrl(url), GUARD))

    assert "passwd" not in str(caught.value)
    assert "address" in str(caught.value)


def test_no_error_holds_the_path_or_the_query() -> None:
    for answer in (says("404 Not Found"), reset, says("302 Found", b"", "Location: /secret"), endless):
        assert "secret" not in str(fetch(answer, url="/secret/logo.png?sign=secret")[0])


def test_all_that_a_download_needs_is_loaded_before_the_first() -> None:
    script = """
import asyncio, sys
from tailrace.net.download import download
from tailrace.net.guard import Guard
from tailrace.secret import ImageUrl

async def main():
    async def answer(reader, writer):
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\nx")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    before = set(sys.modules)
    await download(ImageUrl(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), Guard(["127.0.0.0/8"]))
    print(sorted(set(sys.modules) - before))

asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENT)

    assert ran.stdout.strip() == "[]"


def test_there_are_three_retries_with_growing_pauses() -> None:
    assert len(PAUSES) == 3
    assert sorted(PAUSES) == list(PAUSES)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_https_verifies_the_name_that_was_asked_for(tmp_path: Path) -> None:
    theirs, trusting = self_signed(tmp_path)

    async def main() -> None:
        async with FakeWeb(says("200 OK", b"private"), tls=theirs) as server:
            by_name = server.url(host="localhost")
            assert await download(by_name, GUARD, tls=trusting) == b"private"
            with pytest.raises(ImageError, match="cannot be reached"):
                await download(server.url(host="127.0.0.1"), GUARD, tls=trusting, pauses=())
            with pytest.raises(ImageError, match="cannot be reached"):
                await download(by_name, GUARD, pauses=())

    run(main())
