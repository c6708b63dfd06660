"""A WHIP publisher watched over WHEP: H.264 and VP8 pass as they are, and so does Opus; a bad line is mended."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from tests.fakes.lossy_udp import LossyUdp
from tests.harness.ingest import APP, IngestProcess
from tests.harness.waiting import DEADLINE, eventually
from tests.harness.whep import WhepViewer, offer, post
from tests.harness.whip_publisher import publishing
from tests.integration.whep.asking import sig_of, sub

COLOUR = (200, 30, 30)  # what the publisher shows, unless it is told otherwise
HERTZ = 440
_CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+) (\S+) (\d+) typ", re.IGNORECASE)


@contextmanager
def whip(ingest: IngestProcess, room: str, codec: str) -> Iterator[None]:
    """Publish a picture and a tone, from an event loop of its own; they can be watched once this is entered."""
    ready, over = threading.Event(), threading.Event()
    url = f"{ingest.http}/v1/push/{room}?sdkappid={APP}&userid=bob&usersig={sig_of('bob')}&prefervcodec={codec}"

    async def publish() -> None:
        async with publishing(url):
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(publish()), name="WHIP publisher")
    thread.start()
    try:
        assert ready.wait(DEADLINE)
        address, bearer = sub(ingest, room)
        eventually(lambda: post(address, offer(), bearer).status == 201, "the publisher in the room")
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def lossy(sdp: str) -> Iterator[tuple[LossyUdp, Callable[[str], str]]]:
    """Put a network before the port that an answer names; return it, and what makes answers lead to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="network")
    thread.start()
    found = _CANDIDATE.search(sdp)
    assert found, sdp
    network = LossyUdp((found[2], int(found[3])))
    asyncio.run_coroutine_threadsafe(network.__aenter__(), loop).result(DEADLINE)
    try:
        yield network, lambda answer: _CANDIDATE.sub(rf"\1 127.0.0.1 {network.port} typ", answer)
    finally:
        asyncio.run_coroutine_threadsafe(network.__aexit__(), loop).result(DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def colour(viewer: WhepViewer) -> tuple[int, ...]:
    """The mean colour of the latest picture, where nothing moves."""
    image = viewer.seen.pictures[-1][1].to_ndarray(format="rgb24")
    return tuple(round(float(part)) for part in image[100:].reshape(-1, 3).mean(axis=0))


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_what_a_browser_publishes_is_seen_and_heard(ingest: IngestProcess, codec: str) -> None:
    with whip(ingest, f"whip-{codec}", codec), WhepViewer(*sub(ingest, f"whip-{codec}")) as viewer:
        eventually(lambda: len(viewer.seen.pictures) > 45, "pictures")
        eventually(lambda: len(viewer.seen.sounds) > 75, "sound")

    assert all(abs(here - wanted) < 25 for here, wanted in zip(colour(viewer), COLOUR, strict=True))
    wave = np.concatenate([frame.to_ndarray()[0, ::2] for _, frame in viewer.seen.sounds[25:75]]).astype(float)
    assert abs(int(np.abs(np.fft.rfft(wave)).argmax()) * 48000 / len(wave) - HERTZ) < 5


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_a_viewer_on_a_bad_line_sees_the_picture_go_on(ingest: IngestProcess, codec: str) -> None:
    room = f"lossy-{codec}"
    with whip(ingest, room, codec):
        answer = eventually(lambda: post(*_asked(ingest, room)), "an answer")
        with lossy(answer.body) as (network, lead), WhepViewer(*sub(ingest, room), via=lead) as viewer:
            eventually(lambda: len(viewer.seen.pictures) > 10, "pictures")
            network.loss, network.jitter = 0.05, 0.02
            count = len(viewer.seen.pictures)
            eventually(lambda: len(viewer.seen.pictures) > count + 150, "pictures in spite of losses")

    gaps = [late - early for (early, _), (late, _) in pairwise(viewer.seen.pictures[10:])]
    assert network.dropped > 10
    # A picture that cannot be mended costs at most the time until the viewer is started again.
    assert max(gaps) < 2.0
    assert all(abs(here - wanted) < 25 for here, wanted in zip(colour(viewer), COLOUR, strict=True))


def _asked(ingest: IngestProcess, room: str) -> tuple[str, str, str]:
    address, bearer = sub(ingest, room)
    return address, offer(), bearer
