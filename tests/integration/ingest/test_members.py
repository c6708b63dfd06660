"""What a publisher is in a room, the same over RTMP and over WHIP: entering, being replaced, leaving, being lost."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from tailrace.bus.starts import request_start
from tailrace.errors import DestinationRefused
from tailrace.ids import Room, Stream, StreamType, UserId
from tailrace.model.presence import Exit
from tailrace.secret import Secret
from tailrace.unit import Codec
from tailrace.wire import usersig
from tests.fakes.publisher import scripted
from tests.fakes.web_publisher import Refused, web_scripted
from tests.harness.ingest import APP, KEY, LOST_AFTER, IngestProcess, stream_of
from tests.harness.subscriber import Subscriber, subscribed

FRAME_MS = 40


class Script(Protocol):
    """What both scripted publishers can do."""

    def picture(self, time_ms: int, *, key: bool = False, size: int = 100) -> None: ...
    def sound(self, time_ms: int) -> None: ...
    async def lost(self, timeout: float = 10) -> str: ...


Enter = Callable[..., AbstractAsyncContextManager[Script]]
"""Publishes as a user into a room of an ingest process; `sig`, `streamtype` and the like may be chosen."""


class TurnedAway(Exception):
    """The publisher was refused."""


@asynccontextmanager
async def by_rtmp(ingest: IngestProcess, room: str, user: str, sig: str = "", **fields: str) -> AsyncGenerator[Script]:
    try:
        async with scripted(ingest.push(room, user, sig=sig, **fields)) as script:
            script.set_up()
            yield script
    except DestinationRefused as error:
        raise TurnedAway(str(error)) from error


@asynccontextmanager
async def by_whip(ingest: IngestProcess, room: str, user: str, sig: str = "", **fields: str) -> AsyncGenerator[Script]:
    try:
        async with web_scripted(ingest.whip(room, user, **fields), sig or ingest.token(user)) as script:
            yield script
    except Refused as error:
        raise TurnedAway(str(error)) from error


async def vanish(script: Script) -> None:
    """Be gone without a word."""
    gone = script.vanish()  # type: ignore[attr-defined] # one of them has to wait for it
    if gone is not None:
        await gone


BOTH = pytest.mark.parametrize("enter", [by_rtmp, by_whip], ids=["rtmp", "whip"])


@BOTH
def test_presence_begins_with_media_and_ends_with_an_orderly_end(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"orderly_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen:
            async with enter(ingest, room, "anna") as script:
                await asyncio.to_thread(ingest.streams)  # a round trip, in which nothing is announced
                assert await seen.presence() is None
                script.picture(0, key=True)
                presence = await seen.until_present()
                assert (presence.width, presence.height) == (640, 360)
                assert presence.video
                assert presence.seen
                assert presence.via == enter.__name__.removeprefix("by_")
                assert abs(presence.since - time.time()) < 10
                script.sound(0)
                await until_heard(seen)
            assert await seen.until_absent() < LOST_AFTER / 2
            assert await seen.left() is Exit.ITSELF

    asyncio.run(run())


async def until_heard(seen: Subscriber) -> None:
    async with asyncio.timeout(10):
        while (presence := await seen.presence()) is None or not (presence.audio and presence.heard):
            pass


@BOTH
def test_a_subscriber_gets_both_tracks_from_the_last_key_frame_on(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"start_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as script:
            for number in range(10):
                script.picture(number * FRAME_MS, key=number in (0, 6))
                script.sound(number * FRAME_MS)
            await seen.until(lambda: len(seen.units) == 20)

            start = await request_start(seen.bus, seen.stream, timeout=2)

            last_key = max(index for index, unit in enumerate(seen.units) if unit.codec is Codec.H264 and unit.key)
            assert start == seen.units[last_key:]
            assert start[0].config
            assert len(start) >= 4

    asyncio.run(run())


@BOTH
def test_nobody_serves_starts_after_the_end(enter: Enter, ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        room = f"over_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen:
            async with enter(ingest, room, "anna") as script:
                script.picture(0, key=True)
                await seen.until_present()
            await seen.until_absent()
            assert await request_start(seen.bus, seen.stream, timeout=2) == []

    asyncio.run(run())


@pytest.mark.parametrize("again", [by_rtmp, by_whip], ids=["rtmp", "whip"])
@BOTH
def test_the_same_user_again_replaces_the_earlier_session(
    enter: Enter, again: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"twice_{enter.__name__}_{again.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as first:
            first.picture(0, key=True)
            earlier = await seen.until_present()
            async with again(ingest, room, "anna") as second:
                second.picture(0, key=True)
                await first.lost()
                later = await seen.until_present()
                assert later.session > earlier.session
                second.picture(FRAME_MS)
                await seen.until(lambda: seen.units[-1].session == later.session and seen.units[-1].sequence == 1)
                assert await seen.presence() == later

    asyncio.run(run())


@BOTH
def test_a_session_on_another_ingest_process_replaces_the_earlier_one_too(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run(other: IngestProcess) -> None:
        room = f"moved_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as first:
            first.picture(0, key=True)
            await seen.until_present()
            async with enter(other, room, "anna") as second:
                second.picture(0, key=True)
                await first.lost()
                assert await seen.presence() is not None

    with IngestProcess(nats_url) as other:
        asyncio.run(run(other))


@BOTH
def test_a_lost_publisher_stays_for_a_while_and_has_then_timed_out(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"lost_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as script:
            script.picture(0, key=True)
            await seen.until_present()
            await vanish(script)
            assert LOST_AFTER * 0.5 < await seen.until_absent() < LOST_AFTER * 2
            assert await seen.left() is Exit.TIMEOUT

    asyncio.run(run())


@BOTH
def test_a_lost_publisher_who_comes_back_in_time_never_left(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"back_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as first:
            first.picture(0, key=True)
            earlier = await seen.until_present()
            await vanish(first)
            async with enter(ingest, room, "anna") as second:
                second.picture(0, key=True)
                async with asyncio.timeout(10):
                    while (later := await seen.until_present()).session == earlier.session:
                        pass
                # Over the time at which the first one would have left.
                begin = time.monotonic()
                while time.monotonic() - begin < LOST_AFTER * 1.5:
                    assert await seen.presence() == later

    asyncio.run(run())


@BOTH
def test_the_auxiliary_stream_lives_beside_the_main_one(enter: Enter, ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        room = f"both_{enter.__name__}"
        async with (
            subscribed(nats_url, stream_of(room, "anna")) as camera,
            subscribed(nats_url, stream_of(room, "anna", type=StreamType.AUX)) as screen,
            enter(ingest, room, "anna") as first,
            enter(ingest, room, "anna", streamtype="1") as second,
        ):
            first.picture(0, key=True)
            second.picture(0, key=True, size=222)
            await camera.until_present()
            await screen.until_present()
            first.picture(FRAME_MS)
            await camera.until(lambda: len(camera.units) == 2)
            await screen.until(lambda: len(screen.units) == 1)
            assert len(screen.units[0].payload) > 222

    asyncio.run(run())


@BOTH
def test_a_numeric_room_is_another_one(enter: Enter, ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        number = "4711" if enter is by_rtmp else "4712"
        async with (
            subscribed(nats_url, Stream(Room(APP, number, numeric=True), UserId("anna"))) as numeric,
            subscribed(nats_url, stream_of(number, "anna")) as string,
            enter(ingest, number, "anna", use_number_room_id="1") as script,
        ):
            script.picture(0, key=True)
            await numeric.until_present()
            assert await string.presence() is None

    asyncio.run(run())


@BOTH
def test_b_frames_end_the_session_and_say_so_in_the_log_only(
    enter: Enter, ingest: IngestProcess, nats_url: Secret
) -> None:
    async def run() -> None:
        room = f"b_frames_{enter.__name__}"
        async with subscribed(nats_url, stream_of(room, "anna")) as seen, enter(ingest, room, "anna") as script:
            script.picture(0, key=True)
            await seen.until_present()
            for shown_at in (120, 40, 80, 240, 160, 200):
                reordered(script, shown_at)
            await script.lost()
            assert await seen.until_absent() < LOST_AFTER / 2
            assert await seen.left() is Exit.REMOVED

    asyncio.run(run())


def reordered(script: Script, shown_at_ms: int) -> None:
    """Send a picture of plain order of decoding, and another one of showing."""
    if hasattr(script, "rtmp"):
        script.reordered(shown_at_ms)  # type: ignore[attr-defined]
    else:
        script.picture(shown_at_ms)  # RTP has one time, that of showing


@pytest.mark.parametrize(
    "sig",
    [
        usersig.make(APP, Secret("not the key"), UserId("anna"), int(time.time()), 3600),
        usersig.make(APP, KEY, UserId("anna"), int(time.time()) - 7200, 3600),
        usersig.make(APP, KEY, UserId("bert"), int(time.time()), 3600),
        Secret("eJx-garbage"),
    ],
    ids=["forged", "expired", "another user's", "garbage"],
)
@BOTH
def test_a_usersig_that_does_not_hold_is_refused_and_not_repeated(
    enter: Enter, ingest: IngestProcess, sig: Secret
) -> None:
    async def run() -> None:
        async with enter(ingest, "stage", "anna", sig=sig.reveal()):
            pass

    with pytest.raises(TurnedAway, match="UserSig") as caught:
        asyncio.run(run())

    assert sig.reveal() not in str(caught.value)


@pytest.mark.parametrize(
    ("room", "fields", "named"),
    [("stage", {"streamtype": "7"}, "streamtype"), ("stage", {"use_number_room_id": "1"}, "room"), ("é", {}, "room")],
)
@BOTH
def test_what_is_asked_for_wrongly_is_named(
    enter: Enter, ingest: IngestProcess, room: str, fields: dict[str, str], named: str
) -> None:
    async def run() -> None:
        async with enter(ingest, room, "anna", **fields):
            pass

    with pytest.raises(TurnedAway, match=named):
        asyncio.run(run())
