"""ffmpeg publishes to the built-in CDN, and PyAV plays it over RTMP and HTTP-FLV: pictures, sound, and how soon."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tailrace.secret import Secret
from tests.harness.ffmpeg import AAC, H264, PICTURE, TONE, Ffmpeg
from tests.harness.ingest import IngestProcess
from tests.harness.publisher import ffmpeg_missing
from tests.harness.waiting import eventually

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())

SECONDS = 8
# Longer than the clip: there is one key frame, at its begin.
ONE_GROUP = ("-g", "10000", "-sc_threshold", "0")

# By default FFmpeg looks at 5 s of a stream before it shows any of it.
AT_ONCE = {"analyzeduration": "100000"}

Address = Callable[[IngestProcess, str], str]


@pytest.fixture(scope="module")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    with IngestProcess(nats_url) as process:
        yield process


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving picture in one group of pictures, with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    coded = (*PICTURE, *TONE, "-t", str(SECONDS), *H264, *ONE_GROUP, *AAC)
    subprocess.run(["ffmpeg", "-v", "error", *coded, "-f", "flv", str(path)], check=True, timeout=60)
    return path


def copy(clip: Path, to: str) -> Ffmpeg:
    return Ffmpeg("-re", "-i", str(clip), "-c", "copy", "-f", "flv", to)


def pictures(path: str, count: int) -> list[np.ndarray]:
    """Decode the first pictures."""
    found: list[np.ndarray] = []
    with av.open(path, "r", options=AT_ONCE) as container:
        for frame in container.decode(video=0):
            found.append(frame.to_ndarray(format="gray"))
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize("address", [IngestProcess.live, IngestProcess.flv], ids=["rtmp", "http-flv"])
def test_a_late_player_sees_at_once_what_was_published(
    ingest: IngestProcess, clip: Path, tmp_path: Path, address: Address
) -> None:
    """The next key frame never comes: without the current group of pictures it would see nothing."""
    name = tmp_path.name
    with copy(clip, ingest.live(name)) as ffmpeg:
        eventually(lambda: ingest.stream(name).get("video_frames", 0) >= 50, "two seconds of pictures")
        seen = pictures(address(ingest, name), 30)
        ffmpeg.end()

    assert all(np.array_equal(*pair) for pair in zip(seen, pictures(str(clip), 30), strict=True))


@pytest.mark.parametrize("address", [IngestProcess.live, IngestProcess.flv], ids=["rtmp", "http-flv"])
def test_ffmpeg_saves_the_whole_stream_up_to_its_end(
    ingest: IngestProcess, clip: Path, tmp_path: Path, address: Address
) -> None:
    name, saved = tmp_path.name, tmp_path / "saved.flv"
    with copy(clip, ingest.live(name)) as publisher:
        eventually(lambda: ingest.stream(name).get("first_key_frame_at"), "a key frame")
        with Ffmpeg("-i", address(ingest, name), "-c", "copy", str(saved)) as player:
            assert publisher.wait() == 0
            player.wait(10)

    with av.open(str(saved)) as received, av.open(str(clip)) as sent:
        for kind in ("video", "audio"):
            tracks = [getattr(container.streams, kind)[0] for container in (received, sent)]
            got, gave = (
                [bytes(packet) for packet in container.demux(track) if packet.size]
                for container, track in zip((received, sent), tracks, strict=True)
            )
            received.seek(0)
            sent.seek(0)
            # A player that comes after the key frame misses the sound before it, and nothing else.
            assert got == gave[-len(got) :]
            assert len(gave) - len(got) <= (0 if kind == "video" else 3)
    record = ingest.stream(name)
    assert (record["ended"], record["fc_unpublish"]) == ("unpublished", True)
    assert record["video_frames"] == SECONDS * 25


def test_a_publisher_that_is_killed_is_listed_as_lost(ingest: IngestProcess, clip: Path, tmp_path: Path) -> None:
    name = tmp_path.name
    with copy(clip, ingest.live(name)) as ffmpeg:
        eventually(lambda: ingest.stream(name).get("first_key_frame_at"), "a key frame")
        ffmpeg.end(signal.SIGKILL)

    record = eventually(lambda: (entry := ingest.stream(name))["ended"] and entry, "the end of the stream")

    assert (record["ended"], record["fc_unpublish"]) == ("lost", False)
