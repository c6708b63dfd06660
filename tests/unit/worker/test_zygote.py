"""Zygote: the processes that fork children end when their worker does, each by itself."""

import subprocess
import sys

SCRIPT = """
import asyncio, os
from tailrace.worker.zygote import Zygote


def load():
    return lambda job, lifeline, pulse: 0


def is_there(zygote):
    try:
        os.kill(zygote.pid, 0)
    except ProcessLookupError:
        return False
    return True


async def main():
    await first.attach()
    await second.attach()
    async with asyncio.timeout(20):
        await first.close()
    print(is_there(first), is_there(second))
    async with asyncio.timeout(20):
        await second.close()
    print(is_there(first), is_there(second))


first = Zygote(load)
second = Zygote(load, lazily=True, beside=[first])
asyncio.run(main())
"""


def test_a_zygote_ends_with_its_channel_while_a_later_one_goes_on() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)

    assert ended.stderr == ""
    assert ended.stdout.split() == ["False", "True", "False", "False"]
