"""ffmpeg and PyAV at both ends of a relay: films of theirs in, players of theirs at the built-in CDN."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher, record
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS, RED, SECONDS
from tests.media.received import Received, Sound, numbers_follow, rises

REAL_FILM = Path(__file__).parents[3] / "shared" / "media" / "bigbuckbunny.mp4"


@pytest.mark.parametrize("way", ["rtmp", "http"])
def test_ffmpeg_plays_a_relay_from_the_built_in_cdn(
    served: Served, cloud: Cloud, film: Path, tmp_path: Path, way: str
) -> None:
    name = tmp_path.name
    address = served.live_url(name) if way == "rtmp" else f"{served.ready['media_http']}/live/{name}.flv"
    with Publisher(film, served.publish_url(name, "anna")):
        task = cloud.start(name, "anna", [served.live_url(name)])
        eventually(lambda: served.live(name).get("key_frames"), "a key frame at the built-in CDN")
        got = Received.of_flv(record(address, tmp_path / "played.flv", 3))
        cloud.stop(task)

    pictures = got.pictures()
    assert len(pictures) >= 2 * FPS
    assert got.frames[0][1].key
    assert all(picture.looks(RED) for _, picture in pictures)
    assert numbers_follow(pictures, SECONDS * FPS)
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in got.sound().pitches())
    beeps = got.sound().beeps()
    assert all(min(abs(beep - flash) for beep in beeps) <= 0.040 for flash in got.flashes()[:-1])


def test_a_player_that_came_late_sees_the_end_when_the_task_is_stopped(
    served: Served, cloud: Cloud, film: Path, tmp_path: Path
) -> None:
    name = tmp_path.name
    with Publisher(film, served.publish_url("late", "anna")):
        task = cloud.start("late", "anna", [served.live_url(name)])
        eventually(lambda: served.live(name).get("video_frames", 0) > FPS, "pictures at the built-in CDN")
        file = tmp_path / "played.flv"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", served.live_url(name)]
        command += ["-c", "copy", "-flush_packets", "1", str(file)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as player:
            try:
                eventually(lambda: file.exists() and file.stat().st_size > 5_000, "something played")
                cloud.stop(task)
                assert player.wait(10) == 0
            finally:
                player.kill()

    assert numbers_follow(Received.of_flv(file).pictures(), SECONDS * FPS)


@pytest.mark.skipif(not REAL_FILM.exists(), reason="../shared/media/bigbuckbunny.mp4 is not there")
def test_a_real_film_arrives_picture_for_picture(served: Served, cloud: Cloud, tmp_path: Path) -> None:
    plain = tmp_path / "plain.flv"
    # B-frames are refused in rooms (spec/05 section 3.1), and the film has some. Its sound has six channels.
    encoding = "-c:v libx264 -preset ultrafast -bf 0 -g 25 -c:a aac -ac 2"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(REAL_FILM), *encoding.split(), str(plain)]
    subprocess.run(command, check=True)
    with HostedCdn() as cdn, Publisher(plain, served.publish_url("film", "bunny")):
        task = cloud.start("film", "bunny", [cdn.url("film")], rate_hz=48000)
        cdn.until_more("film", 4 * 25)
        cloud.stop(task)
        cdn.until_ended("film")
        got, sent = cdn.received("film"), Received.of_flv(plain)

    published = [body.data for _, body in sent.frames]
    first = published.index(got.frames[0][1].data)
    expected = [published[(first + at) % len(published)] for at in range(len(got.frames))]
    assert [body.data for _, body in got.frames] == expected
    assert rises([at for at, _ in got.frames])
    # Sound, in steps of half a second: as loud as in the film at the same place, before and after its encoding anew.
    offset = (sent.frames[first][0] - got.frames[0][0]) / 1000
    loud, expected_loud = loudness(got.sound(), offset), loudness(sent.sound(), 0.0)
    compared = [(loud[at], expected_loud[at]) for at in list(loud)[1:-1] if at in expected_loud]
    assert len(compared) >= 5
    assert all(here == pytest.approx(there, rel=0.25, abs=0.003) for here, there in compared)
    assert max(there for _, there in compared) > 0.01


def loudness(sound: Sound, offset: float) -> dict[int, float]:
    """Return the effective value of each half second of the time that is `offset` later than the sound's own."""
    steps: dict[int, list[np.ndarray]] = {}
    for at, wave in sound.pieces:
        steps.setdefault(int((at + offset) * 2), []).append(wave)
    return {at: float(np.sqrt(np.mean(np.concatenate(waves) ** 2))) for at, waves in steps.items()}


def test_pyav_publishes_into_a_room_and_is_relayed(served: Served, cloud: Cloud, film: Path, tmp_path: Path) -> None:
    # PyAV holds the interpreter's lock on network outputs, so it gets a process of its own.
    program = """
import av, sys, time
film, url = sys.argv[1:]
with av.open(film) as source, av.open(url, "w", format="flv") as out:
    tracks = {stream: out.add_stream_from_template(stream) for stream in source.streams}
    began = time.monotonic()
    for packet in source.demux():
        if packet.dts is None:
            continue
        due = float(packet.dts * packet.time_base)
        time.sleep(max(0.0, due - (time.monotonic() - began)))
        packet.stream = tracks[packet.stream]
        out.mux(packet)
"""
    command = [sys.executable, "-c", program, str(film), served.publish_url("pyav", "anna")]
    with HostedCdn() as cdn, subprocess.Popen(command) as publisher:
        try:
            task = cloud.start("pyav", "anna", [cdn.url("pyav")])
            cdn.until_more("pyav", 3 * FPS)
            cloud.stop(task)
            cdn.until_ended("pyav")
        finally:
            publisher.kill()
        got = cdn.received("pyav")

    assert got.frames[0][1].key
    assert numbers_follow(got.pictures(), SECONDS * FPS)
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in got.sound().pitches())
