"""Prompt subscriptions on a real nats-server, and what of a read they take."""

import asyncio
from typing import Any

from nats.aio.client import Client

from tailrace.bus.connection import Bus
from tailrace.bus.prompt import Arrivals
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


def _into(messages: list[bytes]) -> Any:
    async def take(message: Any) -> None:
        messages.append(message.data)

    return take
