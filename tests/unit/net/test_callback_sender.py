"""Posting callbacks to receivers on real sockets, most of which misbehave."""

import asyncio
import shutil
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from tailrace.net.callback_sender import Answer, CallbackSender, tls_context
from tailrace.net.guard import Guard
from tailrace.secret import CallbackUrl
from tests.fakes.receiver import (
    Behaviour,
    FakeReceiver,
    after,
    closes,
    early_hints_first,
    hangs,
    never_ends_its_body,
    never_ends_its_headers,
    resets,
    says,
    stops_after_the_status_line,
    stops_within_the_status_line,
)
from tests.harness.certificate import self_signed

GUARD = Guard(["127.0.0.0/8", "::1/128"])
PATIENT = 20.0
BODY = b'{"EventGroupId":4}'
# Long enough for a machine that is busy with other tests.
SHORT = 0.5
T = TypeVar("T")


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, PATIENT))


async def posts(sender: CallbackSender, count: int = 1) -> list[Answer]:
    try:
        return [await sender.post({"Sign": "x"}, BODY) for _ in range(count)]
    finally:
        await sender.close()


def post(*behaviours: Behaviour, count: int = 1, timeout: float = 5.0) -> tuple[list[Answer], FakeReceiver]:
    """Return what came of so many posts."""

    async def main() -> tuple[list[Answer], FakeReceiver]:
        async with FakeReceiver(*behaviours) as receiver:
            sender = CallbackSender(CallbackUrl(receiver.url()), GUARD, None, timeout)
            return await posts(sender, count), receiver

    return run(main())


def test_a_receiver_gets_exactly_the_headers_and_the_bytes() -> None:
    async def main() -> FakeReceiver:
        async with FakeReceiver() as receiver:
            sender = CallbackSender(CallbackUrl(receiver.url("/in?token=a%2Fb", "localhost")), GUARD, None)
            assert await posts(sender) == [Answer(200)]
            return receiver

    receiver = run(main())
    (got,) = receiver.got

    assert got.path == "/in?token=a%2Fb"
    assert got.body == BODY
    assert got.headers == {"host": f"localhost:{receiver.port}", "sign": "x", "content-length": str(len(BODY))}


def test_a_connection_is_used_for_the_next_callback() -> None:
    answers, receiver = post(count=3)

    assert answers == [Answer(200)] * 3
    assert receiver.connections == 1


@pytest.mark.parametrize("status", ["201 Created", "204 No Content", "404 Not Found", "500 Oops"])
def test_any_status_is_told_as_it_is(status: str) -> None:
    answers, _ = post(says(status))

    assert answers == [Answer(int(status[:3]))]


def test_a_redirect_is_not_followed() -> None:
    answers, receiver = post(says("307 Elsewhere", "Location: /other"))

    assert answers == [Answer(307)]
    assert [got.path for got in receiver.got] == ["/callbacks"]


@pytest.mark.parametrize("behaviour", [stops_after_the_status_line, early_hints_first])
def test_a_complete_status_line_is_an_answer_though_nothing_follows(behaviour: Behaviour) -> None:
    assert post(behaviour, timeout=SHORT)[0] == [Answer(200)]


@pytest.mark.parametrize("behaviour", [hangs, stops_within_the_status_line])
def test_no_complete_status_line_in_time_is_a_failure(behaviour: Behaviour) -> None:
    assert post(behaviour, timeout=SHORT)[0] == [Answer(0, f"no answer within {SHORT:g} s")]


@pytest.mark.parametrize("behaviour", [closes, resets, never_ends_its_headers])
def test_a_connection_without_an_answer_is_a_failure(behaviour: Behaviour) -> None:
    assert post(behaviour)[0] == [Answer(0, "the connection broke off without an answer")]


def test_a_body_without_an_end_costs_its_connection_and_nothing_else() -> None:
    answers, receiver = post(never_ends_its_body, says("200 OK"), count=2)

    assert answers == [Answer(200), Answer(200)]
    assert receiver.connections == 2


def test_a_slow_receiver_is_waited_for() -> None:
    assert post(after(0.2))[0] == [Answer(200)]


def test_a_receiver_that_closes_its_idle_connections_is_connected_to_again() -> None:
    async def main() -> list[Answer]:
        async with FakeReceiver(says("200 OK", "Connection: close")) as receiver:
            return await posts(CallbackSender(CallbackUrl(receiver.url()), GUARD, None), 2)

    assert run(main()) == [Answer(200), Answer(200)]


def test_nobody_there_is_a_failure() -> None:
    async def main() -> list[Answer]:
        async with FakeReceiver() as receiver:
            url = CallbackUrl(receiver.url())
        return await posts(CallbackSender(url, GUARD, None))

    assert run(main()) == [Answer(0, "127.0.0.1 cannot be reached: Connection refused")]


def test_an_address_that_is_not_allowed_is_never_dialled() -> None:
    async def main() -> tuple[list[Answer], FakeReceiver]:
        async with FakeReceiver() as receiver:
            return await posts(CallbackSender(CallbackUrl(receiver.url()), Guard(), None)), receiver

    answers, receiver = run(main())

    assert answers == [Answer(0, "127.0.0.1 is not a public address, and destinations.allow_private does not list it")]
    assert receiver.connections == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert post()[0] == [Answer(200)]


def test_posts_at_the_same_time_do_not_see_each_others_answers() -> None:
    async def main() -> list[Answer]:
        async with FakeReceiver(stops_after_the_status_line, hangs, says("500 Oops")) as receiver:
            sender = CallbackSender(CallbackUrl(receiver.url()), GUARD, None, SHORT)
            try:
                waiting = []
                async with asyncio.TaskGroup() as group:
                    for number in range(1, 4):
                        waiting.append(group.create_task(sender.post({}, BODY), name=f"post {number}"))
                        await receiver.until(number)
                return [task.result() for task in waiting]
            finally:
                await sender.close()

    assert run(main()) == [Answer(200), Answer(0, f"no answer within {SHORT:g} s"), Answer(500)]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_certificate_of_a_receiver_is_checked_against_its_name_unless_that_is_off(tmp_path: Path) -> None:
    theirs, trusting = self_signed(tmp_path)

    async def main() -> list[Answer]:
        async with FakeReceiver(tls=theirs) as receiver:
            tried = [
                (receiver.url(host="localhost"), trusting),
                (receiver.url(host="localhost"), tls_context(verify=True)),
                (receiver.url(host="127.0.0.1"), trusting),
                (receiver.url(host="127.0.0.1"), tls_context(verify=False)),
            ]
            senders = [CallbackSender(CallbackUrl(url), GUARD, tls) for url, tls in tried]
            return [answer for sender in senders for answer in await posts(sender)]

    by_name, untrusted, by_another_name, unchecked = run(main())

    assert (by_name, unchecked) == (Answer(200), Answer(200))
    assert (untrusted.status, by_another_name.status) == (0, 0)
    assert untrusted.error.startswith("localhost cannot be reached: its certificate is not accepted: self")
    assert by_another_name.error.startswith("127.0.0.1 cannot be reached: its certificate is not accepted: IP address")


def test_posting_does_not_take_longer_than_its_time_limit() -> None:
    began = time.monotonic()

    post(hangs, timeout=SHORT)

    assert SHORT <= time.monotonic() - began < 5.0
