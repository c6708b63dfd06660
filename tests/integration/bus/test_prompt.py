"""Prompt subscriptions on a real nats-server, and what of a read they take."""

import asyncio
from typing import Any, cast

import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from tailrace.bus.connection import Bus
from tailrace.bus.prompt import Arrivals, Prompt
from tests.integration.bus.conftest import Run

# Some of them are larger than one read, so that they come in pieces.
SIZES = [0, 1, 1_000, 100_000, 10, 70_000, 2, 3]


def test_data_comes_whole_and_in_the_order_in_which_it_was_sent_whatever_comes_between(run: Run) -> None:
    sent = [bytes([number]) * size for number, size in enumerate(SIZES * 20)]

    async def scenario(bus: Bus) -> None:
        taken: list[bytes] = []
        others: list[bytes] = []
        complete = asyncio.Event()

        def take(data: bytes) -> None:
            taken.append(data)
            if len(taken) == len(sent):
                complete.set()

        prompt = await bus.subscribe_prompt("prompt.*", take)
        await bus.nc.subscribe("other", cb=_into(others))
        for number, data in enumerate(sent):
            # One with an answer's address, and one with a header, are of another form.
            reply, headers = ("reply" if number % 7 == 3 else ""), ({"a": "b"} if number % 7 == 5 else None)
            await bus.nc.publish(f"prompt.{number % 3}", data, reply=reply, headers=headers)
            if number % 4 == 0:
                await bus.publish("other", data)
        await complete.wait()
        await bus.unsubscribe(prompt)
        await bus.publish("prompt.1", b"nobody listens any more")
        assert await bus.alive()
        assert taken == sent
        assert others == sent[::4]

    run(scenario)


def test_a_fault_in_one_handler_is_reported_and_keeps_nobody_from_receiving(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        taken: list[bytes] = []
        complete = asyncio.Event()

        def fail(data: bytes) -> None:
            raise ArithmeticError(data)

        def take(data: bytes) -> None:
            taken.append(data)
            if data == b"last":
                complete.set()

        await bus.subscribe_prompt("faulty", fail)
        await bus.subscribe_prompt("sound", take)
        for subject, data in [("faulty", b"1"), ("sound", b"2"), ("faulty", b"3"), ("sound", b"last")]:
            await bus.publish(subject, data)
        await complete.wait()
        assert taken == [b"2", b"last"]
        assert [str(context["exception"]) for context in reported] == ["b'1'", "b'3'"]

    run(scenario)


def test_it_is_nats_pys_parser_that_is_replaced() -> None:
    # Should its name change, prompts still work, and cost more.
    client = Client()
    Arrivals(client)
    assert type(client._ps).__module__ == "tailrace.bus.prompt"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 11, 23, 64, 1000])
def test_reads_may_be_cut_anywhere(size: int) -> None:
    async def scenario() -> None:
        client = Client()
        arrivals = Arrivals(client)
        taken: list[bytes] = []
        arrivals.open(12, taken.append)
        # Of a subscription that nobody has any more, and a sign that all is well.
        other = b"MSG a.b 1 3\r\nnot\r\n+OK\r\n"
        data = b"MSG a.b 12 5\r\nhe\r\nl\r\nMSG a.b 12 0\r\n\r\n" + other + b"MSG a.b 12 2\r\nlo\r\n"
        prompt = cast("asyncio.Future[Any]", Prompt(arrivals, taken.append))
        client._subs[12] = Subscription(client, 12, future=prompt)  # for what the client's own parser takes
        for at in range(0, len(data), size):
            await client._ps.parse(data[at : at + size])
        await asyncio.sleep(0)
        assert taken == [b"he\r\nl", b"", b"lo"]

    asyncio.run(scenario())


def test_what_another_message_holds_is_not_taken_for_one_of_its_own() -> None:
    async def scenario() -> None:
        client = Client()
        arrivals = Arrivals(client)
        taken: list[bytes] = []
        arrivals.open(12, taken.append)
        other = asyncio.get_running_loop().create_future()
        client._subs[3] = Subscription(client, 3, future=other)
        inside = b"MSG a.b 12 3\r\nbad\r\n"
        await client._ps.parse(b"MSG x 3 %d\r\n" % len(inside))
        await client._ps.parse(inside + b"\r\n")
        await client._ps.parse(b"MSG a.b 12 4\r\ngood\r\n")
        await asyncio.sleep(0)
        assert other.result().data == inside
        assert taken == [b"good"]

    asyncio.run(scenario())


def test_a_new_connection_does_not_go_on_with_what_the_last_one_left_half(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        prompt = await bus.subscribe_prompt("half", arrived.set_result)
        assert await bus.alive()
        await bus.nc._ps.parse(b"MSG half %d 100\r\nonly a part" % prompt._id)
        bus.nc._ps.reset()
        await bus.publish("half", b"whole")
        assert await arrived == b"whole"

    run(scenario)


def _into(messages: list[bytes]) -> Any:
    async def take(message: Any) -> None:
        messages.append(message.data)

    return take
