"""A relay to nginx with the RTMP module, watched there while it is live."""

from pathlib import Path

import pytest

from tests.fakes.nginx import Nginx
from tests.harness.cloud import Cloud
from tests.harness.publisher import Publisher, record
from tests.harness.served import Served
from tests.media.film import FPS, RED, SECONDS
from tests.media.received import SILENCE_SECONDS, Received, numbers_follow, rises


def test_nginx_plays_the_relayed_stream_with_sound_and_picture_in_step(
    served: Served, cloud: Cloud, nginx: Nginx, film: Path, tmp_path: Path
) -> None:
    with Publisher(film, served.publish_url("nginx", "anna")):
        task = cloud.start("nginx", "anna", [nginx.url("film")], rate_hz=44100)
        cloud.until_running(task)
        got = Received.of_flv(record(nginx.url("film"), tmp_path / "played.flv", 4))
        cloud.stop(task)

    pictures, sound = got.pictures(), got.sound()
    # nginx lets a player in at any moment: of a flash straight afterwards the beep may pass for one that was cut.
    flashes = [at for at in got.flashes() if at > sound.pieces[0][0] + SILENCE_SECONDS]
    assert len(pictures) >= 3 * FPS
    assert all(picture.looks(RED) for _, picture in pictures)
    assert numbers_follow(pictures, SECONDS * FPS)
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)
    assert (sound.rate_hz, sound.channels) == (44100, 2)
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in sound.pitches())
    assert len(flashes) >= 2
    assert all(min(abs(beep - flash) for beep in sound.beeps()) <= 0.040 for flash in flashes[:-1])


def test_nginx_sees_the_end_and_gives_the_name_free_for_the_next_task(
    served: Served, cloud: Cloud, nginx: Nginx, film: Path
) -> None:
    with Publisher(film, served.publish_url("nginx", "ben")):
        for name in ("again", "between", "again"):
            task = cloud.start("nginx", "ben", [nginx.url(name)])
            cloud.until_running(task)
            cloud.stop(task)
            told = cloud.until_ended(task)["Destinations"][0]

            # A name that is still taken would have been refused at first.
            assert (told["Connects"], told["Reason"]) == (1, "")
    nginx.wait_for_log("deleteStream")
