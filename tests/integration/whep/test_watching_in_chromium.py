"""A real browser watches: Chromium plays what RTMP brings, in its colours, and its clock goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.harness.chromium import chromium_missing, launch_chromium
from tests.harness.ingest import IngestProcess
from tests.harness.publisher import ffmpeg_missing
from tests.harness.waiting import eventually
from tests.integration.whep.asking import published, sub
from tests.media.film import GREEN

missing = chromium_missing() or ffmpeg_missing()
pytestmark = pytest.mark.skipif(bool(missing), reason=missing)

# What any page would do to watch; its connection stays in `window`.
PAGE = """
async ([url, bearer]) => {
  const video = Object.assign(document.createElement('video'), {autoplay: true, playsInline: true});
  document.body.append(video);
  const pc = window.pc = new RTCPeerConnection();
  const stream = video.srcObject = new MediaStream();
  pc.ontrack = ({track}) => stream.addTrack(track);
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  await pc.setLocalDescription();
  const answer = await fetch(url, {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', Authorization: `Bearer ${bearer}`}});
  if (answer.status !== 201) return `${answer.status} ${await answer.text()}`;
  await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  return answer.headers.get('Location');
}
"""
LOOK = """
() => {
  const video = document.querySelector('video');
  if (!video.videoWidth) return null;
  const canvas = Object.assign(document.createElement('canvas'), {width: video.videoWidth, height: video.videoHeight});
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const [red, green, blue] = context.getImageData(canvas.width / 2, canvas.height - 20, 1, 1).data;
  return {at: video.currentTime, colour: [red, green, blue], size: [video.videoWidth, video.videoHeight]};
}
"""
FIGURES = """
async () => {
  const found = {};
  for (const one of (await window.pc.getStats()).values())
    if (one.type === 'inbound-rtp') found[one.kind] = one;
  return found;
}
"""


@pytest.fixture(scope="module")
def room(ingest: IngestProcess, green_film: Path) -> Iterator[str]:
    """A room in which a film is published."""
    with published(ingest, green_film, "chromium", "alice"):
        yield "chromium"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of its own origin."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser.new_page()
        browser.close()


def look(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = page.evaluate(LOOK) or {}
    return seen


def test_the_video_plays_in_its_colour_and_goes_on(ingest: IngestProcess, room: str, page: Page) -> None:
    location = page.evaluate(PAGE, list(sub(ingest, room)))
    assert location.startswith("/v2/sub/"), location

    begin = eventually(lambda: look(page), "a picture")
    later = eventually(lambda: (seen := look(page))["at"] > begin["at"] + 3 and seen, "three seconds more")

    assert later["size"] == [320, 180]
    assert all(abs(here - wanted) < 30 for here, wanted in zip(later["colour"], GREEN, strict=True))
    assert eventually(lambda: page.evaluate(FIGURES)["audio"]["totalAudioEnergy"] > 0.0005, "the beeps")
    figures = page.evaluate(FIGURES)
    assert figures["video"]["framesDecoded"] > 60
    assert figures["video"]["packetsLost"] == figures["audio"]["packetsLost"] == 0
