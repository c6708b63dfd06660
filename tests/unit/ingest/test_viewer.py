"""A viewer: packets go to its line at once, or when the pacer lets them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tailrace.ingest.viewer import Viewer
from tailrace.unit import Codec
from tailrace.wire.rtp.rtcp import Pli
from tailrace.wire.rtp.sender import Sendable
from tests.fakes.clock import ManualClock
from tests.harness.waiting import DEADLINE
from tests.unit.wire.rtp.sending import VIDEO, picture, sender, sound


class Line:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.media: list[bytes] = []
        self.reports: list[bytes] = []
        self.more = asyncio.Event()

    def send_rtp(self, packet: bytes) -> None:
        self.media.append(packet)
        self.more.set()

    def send_rtcp(self, packet: bytes) -> None:
        self.reports.append(packet)


class Watch:
    """A viewer with a manual clock, and what it is shown at first."""

    def __init__(self, *group: Sendable) -> None:
        self.clock, self.line, self.misfits = ManualClock(), Line(), 0
        self.group = group
        self.viewer = Viewer(sender(), self.line, self.clock, lambda: self.group, self._misfit)

    def _misfit(self) -> None:
        self.misfits += 1


def running(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    return run


@running
async def test_it_begins_with_the_group_and_a_report_of_it() -> None:
    watch = Watch(picture(0.0, key=True), picture(0.04))

    watch.viewer.begin()

    assert len(watch.line.media) == 2
    assert len(watch.line.reports) == 1


@running
async def test_live_units_leave_at_once() -> None:
    watch = Watch()
    watch.viewer.begin()

    watch.viewer.take(picture(1.0, key=True))
    watch.viewer.take(sound(1.0))

    assert len(watch.line.media) == 2


@running
async def test_what_has_to_wait_leaves_by_itself() -> None:
    watch = Watch(picture(0.0, key=True, packets=100))
    watch.viewer.begin()
    assert len(watch.line.media) < 50

    while len(watch.line.media) < 100:
        watch.line.more.clear()
        watch.clock.pass_time(0.005)
        async with asyncio.timeout(DEADLINE):
            await watch.line.more.wait()

    watch.viewer.close()


@running
async def test_who_cannot_decode_is_started_again_but_not_at_once() -> None:
    watch = Watch(picture(0.0, key=True))
    watch.viewer.begin()

    watch.viewer.rtcp(Pli(1, VIDEO.ssrc).encode(), 0.0)
    assert len(watch.line.media) == 1
    watch.clock.pass_time(1.1)
    watch.viewer.take(picture(1.1))
    assert len(watch.line.media) == 2
    watch.viewer.take(picture(1.14))

    assert len(watch.line.media) == 3


@running
async def test_it_is_started_at_once_when_it_was_long_ago() -> None:
    watch = Watch(picture(0.0, key=True))
    watch.viewer.begin()
    watch.clock.pass_time(5.0)

    watch.viewer.rtcp(Pli(1, VIDEO.ssrc).encode(), 0.0)

    assert len(watch.line.media) == 2


@running
async def test_a_codec_that_was_not_agreed_on_is_a_misfit() -> None:
    watch = Watch()

    watch.viewer.take(Sendable(Codec.AAC, 0, True, (b"x",), 1))

    assert watch.misfits == 1
    assert not watch.line.media


@running
async def test_nothing_is_sent_once_it_is_closed() -> None:
    watch = Watch(picture(0.0, key=True, packets=100))
    watch.viewer.begin()
    watch.viewer.close()
    watch.viewer.close()
    sent = len(watch.line.media)

    watch.viewer.take(picture(1.0, key=True))

    assert len(watch.line.media) == sent
