"""ffmpeg and PyAV as publishers into rooms: what arrives on the bus is what they sent."""

import asyncio
import io
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tailrace.ids import StreamType
from tailrace.secret import Secret
from tailrace.unit import Unit
from tailrace.wire import flv
from tests.harness.ffmpeg import AAC, H264, PICTURE, TONE, Ffmpeg, publisher
from tests.harness.ingest import LOST_AFTER, IngestProcess, stream_of
from tests.harness.publisher import ffmpeg_missing
from tests.harness.subscriber import Subscriber, subscribed

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())

SECONDS = 3


@pytest.fixture(scope="module")
def ingest(nats_url: Secret) -> Iterator[IngestProcess]:
    with IngestProcess(nats_url) as process:
        yield process


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving picture with a tone, encoded once."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    arguments = ["ffmpeg", "-v", "error", *PICTURE, *TONE, "-t", str(SECONDS), *H264, *AAC, "-f", "flv", str(path)]
    subprocess.run(arguments, check=True, timeout=60)
    return path


def copy(clip: Path, *to: str) -> Ffmpeg:
    return Ffmpeg("-re", "-i", str(clip), "-c", "copy", "-f", "flv", *to)


def play(units: list[Unit]) -> tuple[list[np.ndarray], np.ndarray]:
    """Decode units as a player would: the pictures, and the sound of the first channel."""
    file = io.BytesIO(as_flv(units))
    pictures, sound = [], []
    with av.open(file, "r", format="flv") as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                pictures.append(frame.to_ndarray(format="gray"))
            elif isinstance(frame, av.AudioFrame):
                sound.append(frame.to_ndarray()[0])
    return pictures, np.concatenate(sound)


def as_flv(units: list[Unit]) -> bytes:
    parts = [flv.file_header(audio=True, video=True)]
    config = {True: b"", False: b""}
    for unit in units:
        video = unit.codec.is_video
        kind = flv.TagType.VIDEO if video else flv.TagType.AUDIO
        time = unit.dts_us // 1000
        if unit.config and unit.config != config[video]:
            config[video] = unit.config
            body = (
                flv.VideoBody(flv.AvcPacket.CONFIG, True, 0, unit.config) if video else flv.AudioBody(True, unit.config)
            )
            parts.append(flv.encode_tag(kind, time, body.encode()))
        if video:
            offset = (unit.pts_us - unit.dts_us) // 1000
            data = flv.VideoBody(flv.AvcPacket.UNITS, unit.key, offset, unit.payload).encode()
        else:
            data = flv.AudioBody(False, unit.payload).encode()
        parts.append(flv.encode_tag(kind, time, data))
    return b"".join(parts)


def decoded(clip: Path) -> list[np.ndarray]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def packets(clip: Path, kind: str) -> list[tuple[int, bytes]]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        return [(packet.dts or 0, bytes(packet)) for packet in container.demux(stream) if packet.size]


async def everything(seen: Subscriber) -> None:
    """Wait until all of the clip has come and its publisher has left."""
    await seen.until(lambda: len(seen.video) >= 25 * SECONDS)
    await seen.until_absent()


def test_what_ffmpeg_publishes_arrives_byte_by_byte_and_plays(
    ingest: IngestProcess, nats_url: Secret, clip: Path
) -> None:
    async def run() -> list[Unit]:
        async with subscribed(nats_url, stream_of("whole", "anna")) as seen:
            with copy(clip, ingest.push("whole", "anna")) as ffmpeg:
                presence = await seen.until_present()
                assert ffmpeg.wait() == 0
            await everything(seen)
            assert (presence.width, presence.height, presence.audio, presence.video) == (320, 240, True, True)
            assert presence.via == "rtmp"
            for track in (seen.video, seen.audio):
                assert [unit.sequence for unit in track] == list(range(len(track)))
            assert [(unit.dts_us // 1000, unit.payload) for unit in seen.video] == packets(clip, "video")
            assert [unit.payload for unit in seen.audio] == [data for _, data in packets(clip, "audio")]
            assert {unit.session for unit in seen.units} == {presence.session}
            return seen.units

    pictures, sound = play(asyncio.run(run()))

    assert all(np.array_equal(*pair) for pair in zip(pictures, decoded(clip), strict=True))
    spectrum = np.abs(np.fft.rfft(sound[4800:-4800]))
    assert np.argmax(spectrum) * 48000 / (len(sound) - 9600) == pytest.approx(1000, abs=5)


def test_the_two_part_form_of_obs_reaches_the_same_room(ingest: IngestProcess, nats_url: Secret, clip: Path) -> None:
    async def run() -> None:
        server, _, key = ingest.push("parts", "anna").partition("/push/")
        async with subscribed(nats_url, stream_of("parts", "anna")) as seen:
            with copy(clip, "-rtmp_playpath", key, f"{server}/push") as ffmpeg:
                await seen.until(lambda: len(seen.video) >= 10)
                ffmpeg.end()

    asyncio.run(run())


@pytest.mark.parametrize(("room", "user"), [("pyav", "anna"), ("py%61v", "%61nn%61")])
def test_pyav_publishes_with_plain_and_percent_encoded_names(
    ingest: IngestProcess, nats_url: Secret, clip: Path, room: str, user: str
) -> None:
    url = ingest.push("pyav", "anna").replace("/pyav?", f"/{room}?").replace("userid=anna", f"userid={user}")

    def publish() -> None:
        with av.open(str(clip)) as source, av.open(url, "w", format="flv") as out:
            tracks = {track.index: out.add_stream_from_template(track) for track in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = tracks[packet.stream.index]
                    out.mux(packet)

    async def run() -> None:
        async with subscribed(nats_url, stream_of("pyav", "anna")) as seen:
            await asyncio.to_thread(publish)
            await seen.until(lambda: len(seen.video) >= 25 * SECONDS)
            assert [unit.payload for unit in seen.video] == [data for _, data in packets(clip, "video")]

    asyncio.run(run())


def test_the_numeric_room_is_another_room_than_the_string_room(
    ingest: IngestProcess, nats_url: Secret, clip: Path
) -> None:
    async def run() -> None:
        numeric, string = stream_of("77", "anna", numeric=True), stream_of("77", "anna")
        async with subscribed(nats_url, numeric) as seen, subscribed(nats_url, string) as other:
            with copy(clip, ingest.push("77", "anna", use_number_room_id="1")):
                presence = await seen.until_present()
                await seen.until(lambda: len(seen.video) >= 5)
                assert presence.room.numeric
                assert await other.presence() is None
                assert not other.units

    asyncio.run(run())


def test_main_and_auxiliary_streams_of_one_user_live_side_by_side(
    ingest: IngestProcess, nats_url: Secret, clip: Path
) -> None:
    async def run() -> None:
        main, aux = stream_of("both", "anna"), stream_of("both", "anna", type=StreamType.AUX)
        async with subscribed(nats_url, main) as camera, subscribed(nats_url, aux) as screen:
            with (
                copy(clip, ingest.push("both", "anna")) as first,
                copy(clip, ingest.push("both", "anna", streamtype="1")) as second,
            ):
                await camera.until_present()
                await screen.until_present()
                assert (first.wait(), second.wait()) == (0, 0)
            await camera.until(lambda: len(camera.video) == 25 * SECONDS)
            await screen.until(lambda: len(screen.video) == 25 * SECONDS)

    asyncio.run(run())


def test_sound_alone_is_published(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("radio", "anna")) as seen:
            with publisher(ingest.push("radio", "anna"), video=()):
                presence = await seen.until_present()
                await seen.until(lambda: len(seen.audio) >= 10)
                assert (presence.audio, presence.video, presence.width) == (True, False, 0)

    asyncio.run(run())


def test_b_frames_end_the_connection_and_the_stay(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> None:
        async with subscribed(nats_url, stream_of("bframes", "anna")) as seen:
            video = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-b_strategy", "0")
            with publisher(ingest.push("bframes", "anna"), video=video) as ffmpeg:
                assert await asyncio.to_thread(ffmpeg.wait) != 0
            await seen.until_absent()
            times = [unit.pts_us for unit in seen.video]
            assert times == sorted(times)
            assert len(times) < 25

    asyncio.run(run())


def test_another_codec_ends_the_connection(ingest: IngestProcess) -> None:
    with publisher(ingest.push("mp3", "anna"), video=(), audio=("-c:a", "libmp3lame")) as ffmpeg:
        assert ffmpeg.wait() != 0


def test_a_killed_publisher_stays_for_a_while_and_may_come_back(
    ingest: IngestProcess, nats_url: Secret, clip: Path, tmp_path: Path
) -> None:
    room = tmp_path.name

    async def run() -> None:
        async with subscribed(nats_url, stream_of(room, "bert")) as seen:
            with copy(clip, ingest.push(room, "bert")) as ffmpeg:
                first = await seen.until_present()
                ffmpeg.end(signal.SIGKILL)
            still = await seen.presence()
            # Its tracks may have become known since it was seen first.
            assert still is not None
            assert still.session == first.session
            with copy(clip, ingest.push(room, "bert")) as ffmpeg:
                # The first one may have been killed between being seen in the room and its first unit.
                await seen.until(lambda: any(unit.session > first.session for unit in seen.units))
                ffmpeg.end(signal.SIGKILL)
            assert 0.5 * LOST_AFTER < await seen.until_absent() < 2 * LOST_AFTER + 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("usersig", "eJxforged", "`usersig`"),
        ("sdkappid", "5", "`sdkappid`"),
        ("userid", "bert", "another user"),
        ("use_number_room_id", "1", "`room`"),
    ],
)
def test_ffmpeg_is_told_which_field_is_wrong(ingest: IngestProcess, field: str, value: str, said: str) -> None:
    good = ingest.push("stage", "anna")
    url = good.replace("userid=anna", "userid=bert") if field == "userid" else f"{good}&{field}={value}"
    if field in ("usersig", "sdkappid"):
        url = "&".join(part for part in good.split("&") if not part.startswith(field)) + f"&{field}={value}"
        url = url.replace("?sdkappid=1400000001&", "?") if field == "sdkappid" else url

    with publisher(url) as ffmpeg:
        assert ffmpeg.wait() != 0

    assert said in ffmpeg.output
