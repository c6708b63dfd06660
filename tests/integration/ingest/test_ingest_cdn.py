"""The built-in CDN: names, the list, late joiners over RTMP and HTTP-FLV, slow players."""

import asyncio
import contextlib
import json
import socket
import sys
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tailrace.errors import DestinationRefused
from tailrace.net.guard import Guard
from tailrace.secret import PushUrl, Secret
from tailrace.wire import flv
from tailrace.wire.rtmp.client import ClientConnection, Purpose, State
from tailrace.wire.rtmp.event import Audio, Metadata, Video
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.url import parse
from tests.fakes.publisher import AAC_CONFIG, RECORD, Script, scripted
from tests.harness.ingest import IngestProcess, make_config
from tests.harness.rtmp_player import RtmpPlayer

FRAME_MS = 40


def show(script: Script, first: int, last: int) -> None:
    """Send pictures and sound `first` to `last`; each fifth picture is a key frame."""
    for number in range(first, last + 1):
        script.picture(number * FRAME_MS, key=number % 5 == 0)
        script.sound(number * FRAME_MS)


async def listed(ingest: IngestProcess, name: str, **wanted: object) -> dict[str, object]:
    """Wait until the stream's entry has these values."""
    async with asyncio.timeout(10):
        while True:
            entry = await asyncio.to_thread(ingest.stream, name)
            if entry and all(entry[key] == value for key, value in wanted.items()):
                return entry


def test_the_list_follows_a_stream_from_publish_to_unpublish(ingest: IngestProcess) -> None:
    async def run() -> None:
        begin = time.time()
        async with scripted(ingest.live("followed") + "?token=secret") as script:
            entry = await listed(ingest, "followed", state="live")
            assert entry["first_key_frame_at"] == entry["ended_at"] == 0.0
            assert begin <= entry["published_at"] <= time.time()  # type: ignore[operator]
            script.set_up()
            show(script, 0, 9)
            entry = await listed(ingest, "followed", video_frames=10, audio_frames=10)
            assert entry["codecs"] == ["avc1.42C01E", "mp4a.40.2"]
            assert (entry["width"], entry["height"]) == (640, 360)
            assert (entry["sample_rate"], entry["channels"], entry["key_frames"]) == (48000, 2, 2)
            assert (entry["last_video_ms"], entry["last_audio_ms"]) == (360, 360)
            assert entry["first_key_frame_at"] >= entry["published_at"]  # type: ignore[operator]
        entry = await listed(ingest, "followed", state="ended")
        assert (entry["ended"], entry["fc_unpublish"]) == ("unpublished", True)
        assert entry["ended_at"] >= entry["first_key_frame_at"]  # type: ignore[operator]
        assert "secret" not in json.dumps(await asyncio.to_thread(ingest.streams))

    asyncio.run(run())


def test_a_name_in_use_is_refused_and_free_again_after_the_end(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(ingest.live("taken")):
            with pytest.raises(DestinationRefused, match="in use") as caught:
                async with scripted(ingest.live("taken")):
                    pass
            assert caught.value.code == "NetStream.Publish.BadName"
        await listed(ingest, "taken", state="ended")
        async with scripted(ingest.live("taken")):
            pass

    asyncio.run(run())


def test_a_late_rtmp_player_gets_set_up_data_and_the_current_group_at_once(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(ingest.live("late")) as script:
            script.rtmp.send_metadata({"width": 640.0, "encoder": "test"})
            script.set_up()
            show(script, 0, 7)
            await listed(ingest, "late", audio_frames=8)
            player = await RtmpPlayer.dial(PushUrl(ingest.live("late")), guard=Guard(["127.0.0.0/8"]))
            try:
                show(script, 8, 8)
                async with asyncio.timeout(5):
                    events = [await anext(player) for _ in range(11)]
            finally:
                await player.close()
        assert isinstance(events[0], Metadata)
        assert events[0].values["encoder"] == "test"
        assert isinstance(events[1], Video)
        assert events[1].payload.endswith(RECORD)
        assert isinstance(events[2], Audio)
        assert events[2].payload.endswith(AAC_CONFIG)
        assert [event.timestamp_ms for event in events[3:]] == [200, 200, 240, 240, 280, 280, 320, 320]
        assert isinstance(events[3], Video)
        assert events[3].payload[0] == 0x17

    asyncio.run(run())


def test_a_late_http_player_gets_the_current_group_and_the_end(ingest: IngestProcess) -> None:
    async def run() -> list[flv.Tag]:
        reader, tags = flv.Reader(), []
        async with scripted(ingest.live("web")) as script, httpx.AsyncClient() as client:
            script.set_up()
            show(script, 0, 7)
            await listed(ingest, "web", audio_frames=8)
            async with client.stream("GET", ingest.flv("web")) as answer:
                assert answer.headers["content-type"] == "video/x-flv"
                async for data in answer.aiter_bytes():
                    tags += reader.receive(data)
                    if len(tags) == 8:
                        show(script, 8, 9)
                    if len(tags) == 12:
                        await script.rtmp.close()
        return tags

    tags = asyncio.run(run())

    assert [tag.timestamp_ms for tag in tags[2:]] == [200, 200, 240, 240, 280, 280, 320, 320, 360, 360]
    assert tags[0].body.endswith(RECORD)
    assert tags[1].body.endswith(AAC_CONFIG)
    video = flv.parse_video(tags[2].body)
    assert video
    assert video.key


def test_asking_for_the_headers_alone_does_not_wait_for_the_stream(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(ingest.live("head")), httpx.AsyncClient() as client:
            answer = await client.head(ingest.flv("head"), timeout=5)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "video/x-flv")

    asyncio.run(run())


def test_an_rtmp_player_is_told_that_the_stream_has_ended(ingest: IngestProcess) -> None:
    async def run() -> None:
        async with scripted(ingest.live("ending")) as script:
            script.set_up()
            show(script, 0, 0)
            player = await RtmpPlayer.dial(PushUrl(ingest.live("ending")), guard=Guard(["127.0.0.0/8"]))
            await anext(player)
            await script.rtmp.close()
            async with asyncio.timeout(5):
                assert all([True async for _ in player])
            await player.close()

    asyncio.run(run())


def test_unknown_names_cannot_be_played(ingest: IngestProcess) -> None:
    async def run() -> None:
        await RtmpPlayer.dial(PushUrl(ingest.live("nobody")), guard=Guard(["127.0.0.0/8"]))

    with pytest.raises(DestinationRefused) as refused:
        asyncio.run(run())
    missing = httpx.get(ingest.flv("nobody"), timeout=5)

    assert refused.value.code == "NetStream.Play.StreamNotFound"
    assert missing.status_code == 404
    assert "nobody" in missing.json()["error"]


def test_rooms_cannot_be_played(ingest: IngestProcess) -> None:
    async def run() -> None:
        await RtmpPlayer.dial(PushUrl(ingest.push("stage", "anna")), guard=Guard(["127.0.0.0/8"]))

    with pytest.raises(DestinationRefused):
        asyncio.run(run())


def test_addresses_outside_the_configured_networks_may_neither_publish_nor_play(nats_url: Secret) -> None:
    async def publish(ingest: IngestProcess) -> None:
        async with scripted(ingest.live("closed")):
            pass

    with IngestProcess(nats_url, make_config(cdn_from=("192.0.2.0/24",))) as ingest:
        with pytest.raises(DestinationRefused, match="not open to this address"):
            asyncio.run(publish(ingest))
        assert httpx.get(f"{ingest.http}/live", timeout=5).status_code == 403
        assert httpx.get(ingest.flv("any"), timeout=5).status_code == 403


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory in use from /proc")
def test_players_that_read_nothing_cost_a_bounded_amount_and_disturb_nobody(ingest: IngestProcess) -> None:
    """Without bounds the stalled players would hold 60 MB each."""
    seconds, size = 60, 40_000

    async def run() -> None:
        http = urlsplit(ingest.http)
        async with scripted(ingest.live("stalled")) as script:
            script.set_up()
            show(script, 0, 0)
            await listed(ingest, "stalled", audio_frames=1)
            before = ingest.resident_bytes()
            with contextlib.closing(socket.create_connection((http.hostname, http.port), timeout=5)) as web:
                web.sendall(b"GET /live/stalled.flv HTTP/1.1\r\nHost: x\r\n\r\n")
                assert web.recv(12) == b"HTTP/1.1 200"
                with contextlib.closing(stalled_rtmp_player(ingest.live("stalled"))):
                    for number in range(1, 25 * seconds):
                        script.picture(number * FRAME_MS, key=number % 25 == 0, size=size)
                        script.sound(number * FRAME_MS)
                        if script.rtmp.backlog_bytes > 1_000_000:
                            await listed(ingest, "stalled", video_frames=number + 1)
                    await listed(ingest, "stalled", video_frames=25 * seconds)
                    assert ingest.resident_bytes() - before < 40_000_000

    asyncio.run(run())


def stalled_rtmp_player(url: str) -> socket.socket:
    """A player that reads nothing more once it plays."""
    target = parse(url)
    core = ClientConnection(target, Purpose.PLAY, bytes(RANDOM_SIZE))
    player = socket.create_connection((target.host, target.port), timeout=5)
    while core.state is not State.PLAYING:
        player.sendall(core.data_to_send())
        core.receive(player.recv(4096))
    return player
