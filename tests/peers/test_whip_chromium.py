"""Chromium publishes over WHIP what its camera and microphone see and hear, which are not real ones."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from playwright.async_api import Page, async_playwright

from tailrace.bus.starts import request_start
from tailrace.model.presence import Exit, Presence
from tailrace.secret import Secret
from tailrace.unit import Codec, Unit
from tests.harness.chromium import OPTIONS, chromium_missing
from tests.harness.ingest import LOST_AFTER, IngestProcess, stream_of
from tests.harness.subscriber import subscribed

pytestmark = pytest.mark.skipif(bool(chromium_missing()), reason=chromium_missing() or "-")

# The script of a page that publishes, as anybody would write it: nothing in it knows Tailrace.
PUBLISH = """
async ([url, token]) => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 480}});
  const pc = window.pc = new RTCPeerConnection();
  for (const track of stream.getTracks()) pc.addTransceiver(track, {direction: "sendonly", streams: [stream]});
  await pc.setLocalDescription();
  const headers = {"Content-Type": "application/sdp"};
  if (token) headers["Authorization"] = `Bearer ${token}`;
  const answer = await fetch(url, {method: "POST", body: pc.localDescription.sdp, headers});
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  window.session = new URL(answer.headers.get("Location"), url).href;
  window.etag = answer.headers.get("ETag");
  await pc.setRemoteDescription({type: "answer", sdp: await answer.text()});
}
"""
DELETE = "async () => (await fetch(window.session, {method: 'DELETE'})).status"
# A restart as RFC 9725 section 4.3.3 has it: a new offer's credentials by PATCH, and the answer's in the old answer.
RESTART = """
async () => {
  const pc = window.pc, before = pc.localDescription.sdp;
  const line = (sdp, name) => sdp.match(new RegExp(`a=${name}:(.*)`))[1].trim();
  await pc.setLocalDescription(await pc.createOffer({iceRestart: true}));
  const sdp = pc.localDescription.sdp;
  const body = ["a=group:BUNDLE 0 1", `a=ice-ufrag:${line(sdp, "ice-ufrag")}`,
                `a=ice-pwd:${line(sdp, "ice-pwd")}`, ""].join("\\r\\n");
  const headers = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"};
  const answer = await fetch(window.session, {method: "PATCH", body, headers});
  const fragment = await answer.text();
  let remote = pc.remoteDescription.sdp;
  for (const name of ["ice-ufrag", "ice-pwd"])
    remote = remote.replaceAll(new RegExp(`a=${name}:.*`, "g"), `a=${name}:${line(fragment, name)}`);
  await pc.setRemoteDescription({type: "answer", sdp: remote});
  const changed = line(before, "ice-ufrag") !== line(sdp, "ice-ufrag");
  return [answer.status, answer.headers.get("ETag") !== window.etag, changed];
}
"""


@pytest.fixture(scope="module")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    with IngestProcess(nats_url) as process:
        yield process


@asynccontextmanager
async def page_of(ingest: IngestProcess) -> AsyncGenerator[Page, None]:
    """Open a page that may use camera and microphone: one of the same machine counts as safe."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**OPTIONS)
        page = await browser.new_page(permissions=["camera", "microphone"])
        await page.goto(f"{ingest.http}/live")
        yield page
        await browser.close()


async def publish(page: Page, ingest: IngestProcess, room: str) -> None:
    await page.evaluate(PUBLISH, [ingest.whip(room, "anna"), ingest.token("anna")])


def test_h264_and_opus_come_in_time_with_a_key_frame_each_two_seconds(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> tuple[list[Unit], Presence]:
        async with subscribed(nats_url, stream_of("camera", "anna")) as seen, page_of(ingest) as page:
            await publish(page, ingest, "camera")
            begin = time.monotonic()
            await seen.until(lambda: time.monotonic() - begin > 6)
            return list(seen.units), await seen.until_present()

    units, presence = asyncio.run(run())

    video = [unit for unit in units if unit.codec is Codec.H264]
    audio = [unit for unit in units if unit.codec is Codec.OPUS]
    assert len(units) == len(video) + len(audio)
    assert (presence.via, presence.audio, presence.video) == ("whip", True, True)
    # Chromium makes its pictures smaller where its machine is slow.
    assert presence.width * 480 == presence.height * 640 > 0
    assert len(video) > 60
    assert len(audio) > 200
    keys = [unit.pts_us / 1e6 for unit in video if unit.key]
    assert len(keys) >= 2
    assert all(unit.config for unit in video if unit.key)
    assert max(after - before for before, after in pairwise(keys)) < 3
    for track in (video, audio):
        steps = [(after.pts_us - before.pts_us) / 1e6 for before, after in pairwise(track)]
        assert min(steps) > 0
        assert max(steps) < 0.5
        assert [unit.sequence for unit in track] == list(range(len(track)))
    assert abs(video[-1].pts_us - audio[-1].pts_us) < 300_000


def test_v1_and_prefervcodec_make_it_vp8(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("v1", "anna")) as seen, page_of(ingest) as page:
            query = ingest.push("v1", "anna", prefervcodec="vp8").removeprefix(f"{ingest.rtmp}/push/")
            await page.evaluate(PUBLISH, [f"{ingest.http}/v1/push/{query}", ""])
            await seen.until(lambda: len([unit for unit in seen.units if unit.codec is Codec.VP8]) > 20)
            presence = await seen.until_present()
            assert (presence.width, presence.height) == (640, 480)
            assert await page.evaluate(DELETE) == 200
            assert await seen.until_absent() < LOST_AFTER
            assert await seen.left() is Exit.ITSELF

    asyncio.run(run())


def test_a_closed_page_has_left_by_itself_or_is_lost(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("closed", "anna")) as seen, page_of(ingest) as page:
            await publish(page, ingest, "closed")
            await seen.until_present()
            await page.close()
            assert await seen.until_absent() < LOST_AFTER * 2

    asyncio.run(run())


def test_a_start_has_a_key_frame_however_late_it_is_asked_for(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("late", "anna")) as seen, page_of(ingest) as page:
            await publish(page, ingest, "late")
            await seen.until(lambda: len(seen.units) > 100)
            start = await request_start(seen.bus, seen.stream, timeout=2)
            assert start[0].codec is Codec.H264
            assert start[0].key

    asyncio.run(run())


def test_media_goes_on_over_an_ice_restart(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("restart", "anna")) as seen, page_of(ingest) as page:
            await publish(page, ingest, "restart")
            await seen.until(lambda: len(seen.units) > 50)
            assert await page.evaluate(RESTART) == [200, True, True]
            count = len(seen.units)
            await seen.until(lambda: len(seen.units) > count + 200)
            assert len({unit.session for unit in seen.units}) == 1
            assert await page.evaluate("() => window.pc.connectionState") == "connected"

    asyncio.run(run())
