"""Sound of a watched stream in a thread of its own."""

import asyncio
import threading

import av
import numpy as np
import pytest

from tailrace.ingest.opus_line import MAX_WAITING, OpusLine
from tailrace.media.aac_encoder import AacEncoder
from tailrace.model.plan import AudioEncoding
from tailrace.unit import Codec, Unit
from tests.harness.waiting import DEADLINE


def aac(count: int) -> list[Unit]:
    """Silent units of 1024 samples at 48 kHz."""
    encoder, units = AacEncoder(AudioEncoding()), list[Unit]()
    while len(units) < count:
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        for sample, payload in encoder.encode(frame):
            at_us = sample * 1_000_000 // 48000
            units.append(Unit(Codec.AAC, 1, len(units), at_us, at_us, True, encoder.config, payload))
    return units


class Heard:
    """Collects packets, and says when there are enough."""

    def __init__(self, wanted: int) -> None:
        self.packets: list[tuple[bytes, int]] = []
        self.threads: set[int] = set()
        self._wanted = wanted
        self._enough = asyncio.Event()

    def __call__(self, packet: bytes, time_us: int) -> None:
        self.packets.append((packet, time_us))
        self.threads.add(threading.get_ident())
        if len(self.packets) >= self._wanted:
            self._enough.set()

    async def enough(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self._enough.wait()


def test_packets_come_in_order_and_in_the_event_loop() -> None:
    async def listen() -> Heard:
        heard = Heard(20)
        line = OpusLine(heard)
        for unit in aac(30):
            line.feed(unit, unit.pts_us)
        await heard.enough()
        line.close()
        return heard

    heard = asyncio.run(listen())

    times = [time_us for _, time_us in heard.packets]
    assert times == sorted(times)
    assert heard.threads == {threading.get_ident()}


def test_what_is_broken_is_told_and_the_rest_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    async def listen() -> Heard:
        heard = Heard(3)
        line = OpusLine(heard)
        good = aac(10)
        for _ in range(10):
            line.feed(Unit(Codec.AAC, 1, 0, 0, 0, True, good[0].config, b"\xff" * 30), 0)
        for unit in good:
            line.feed(unit, unit.pts_us)
        await heard.enough()
        line.close()
        return heard

    assert asyncio.run(listen()).packets
    assert 1 <= caplog.messages.count("sound cannot be decoded") <= 3


def test_what_the_thread_has_no_time_for_is_left_out() -> None:
    async def listen() -> OpusLine:
        heard = Heard(1)
        line = OpusLine(heard)
        for unit in aac(2) * MAX_WAITING:
            line.feed(unit, unit.pts_us)
        await heard.enough()
        line.close()
        return line

    assert asyncio.run(listen()).left_out == MAX_WAITING


def test_one_that_is_closed_makes_nothing_more() -> None:
    async def listen() -> Heard:
        heard = Heard(1)
        line = OpusLine(heard)
        line.close()
        line.close()
        return heard

    assert not asyncio.run(listen()).packets
