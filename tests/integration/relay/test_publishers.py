"""Publishers who come late, leave, return, are replaced, or publish only a part; robots who are thrown out."""

from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import BLUE, FPS, GREEN, RED, Colour, make_film
from tests.media.received import Received, largest_step, rises

ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]
# While nobody publishes there is nothing to push; when the pictures go on they follow at once on the last ones.
NO_JUMP_MS = 200


def colours(received: Received) -> list[str]:
    """Return the colours of the pictures in their order, each once for each time that it begins."""
    names: dict[str, Colour] = {"red": RED, "green": GREEN, "blue": BLUE}
    found = [next((n for n, c in names.items() if picture.looks(c)), "other") for _, picture in received.pictures()]
    return [name for at, name in enumerate(found) if at == 0 or found[at - 1] != name]


def test_a_task_waits_for_its_publisher(served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path) -> None:
    task = cloud.start("early", "ben", [cdn.url("early")])
    eventually(lambda: cloud.describe(task)["State"] == "running", "taken by a worker")
    assert cloud.states(task) == ["idle"]

    with Publisher(red_film, served.publish_url("early", "ben")):
        cdn.until_more("early", FPS)
        cloud.until_running(task)
        cloud.stop(task)
        cdn.until_ended("early")

    got = cdn.received("early")
    assert colours(got) == ["red"]
    assert got.frames[0][1].key
    assert got.frames[0][0] < 1000


@pytest.mark.parametrize("how", ["in order", "without a word"])
def test_a_publisher_who_leaves_and_returns_goes_on_in_the_same_push(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path, how: str
) -> None:
    url = served.publish_url("return", "cleo")
    with Publisher(red_film, url) as first:
        task = cloud.start("return", "cleo", [cdn.url("return")])
        cdn.until_more("return", 2 * FPS)
        first.leave() if how == "in order" else first.vanish()
    with Publisher(green_film, url):
        cdn.until_more("return", 2 * FPS)
        cloud.stop(task)
        stream = cdn.until_ended("return")

    got = cdn.received("return")
    assert len(cdn.streams("return")) == 1
    assert stream.events[-3:] == ORDERLY_END
    assert colours(got) == ["red", "green"]
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)
    assert largest_step([at for at, _ in got.frames]) < NO_JUMP_MS
    flashes, beeps = got.flashes(), got.sound().beeps()
    assert all(min(abs(beep - flash) for beep in beeps) <= 0.040 for flash in (flashes[0], flashes[-2]))


@pytest.mark.parametrize("first", ["sound", "picture"])
def test_sound_or_picture_that_comes_later_is_described_and_relayed_in_the_same_push(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, tmp_path: Path, first: str
) -> None:
    half = make_film(tmp_path / "half.flv", RED, 1000, video=first == "picture", audio=first == "sound")
    url, name = served.publish_url("later", first), f"later-{first}"
    task = cloud.start("later", first, [cdn.url(name)])
    with Publisher(half, url):
        eventually(lambda: cdn.streams(name) and len(cdn.stream(name).audio or cdn.stream(name).video) > FPS, first)
    cdn.stream(name).metadata.clear()
    with Publisher(red_film, url):
        eventually(lambda: cdn.stream(name).audio and cdn.pictures(name) > 2 * FPS, "both")
        cdn.until_more(name, FPS)
        cloud.stop(task)
        metadata = cdn.until_ended(name).metadata

    got = cdn.received(name)
    assert len(cdn.streams(name)) == 1
    assert {"width", "height", "audiosamplerate"} <= set(metadata)
    assert colours(got) == ["red"]
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)
    beeps = got.sound().beeps()
    assert any(abs(beep - flash) <= 0.040 for beep in beeps for flash in got.flashes()[-3:])


def test_a_second_session_of_the_same_user_takes_the_first_ones_place(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path
) -> None:
    url = served.publish_url("replace", "dora")
    with Publisher(red_film, url) as first:
        task = cloud.start("replace", "dora", [cdn.url("replace")])
        cdn.until_more("replace", FPS)
        with Publisher(green_film, url):
            eventually(lambda: first.gone, "the end of the first session")
            cdn.until_more("replace", 2 * FPS)
            cloud.stop(task)
            cdn.until_ended("replace")

    got = cdn.received("replace")
    assert len(cdn.streams("replace")) == 1
    assert colours(got) == ["red", "green"]
    assert rises([at for at, _ in got.frames])
    assert largest_step([at for at, _ in got.frames]) < NO_JUMP_MS


def test_a_task_whose_publisher_is_gone_ends_when_its_idle_time_is_over(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("idle", "emil")):
        task = cloud.start("idle", "emil", [cdn.url("idle")], max_idle=5)
        cdn.until_more("idle", FPS)
    assert cloud.describe(task)["State"] == "running"

    ended = cloud.until_ended(task)

    assert ended["Reason"] == "idle"
    assert ended["Destinations"][0]["State"] == "idle"
    assert cdn.until_ended("idle").events[-3:] == ORDERLY_END
    assert cloud.stop(task) == task


def test_a_task_is_stopped_while_its_publisher_is_away(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("away", "fred")):
        task = cloud.start("away", "fred", [cdn.url("away")])
        cdn.until_more("away", FPS)
    never = cloud.start("away", "nobody", [cdn.url("never")])
    eventually(lambda: cloud.describe(never)["State"] == "running", "taken by a worker")

    cloud.stop(task)
    cloud.stop(never)

    assert cdn.until_ended("away").events[-3:] == ORDERLY_END
    assert cloud.until_ended(task)["Reason"] == "stopped"
    assert cloud.until_ended(never)["Reason"] == "stopped"
    assert cdn.streams("never") == []


def test_a_user_who_enters_under_the_robots_name_ends_the_task(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("kick", "gina")):
        task = cloud.start("kick", "gina", [cdn.url("kick")], robot="robbie")
        cdn.until_more("kick", FPS)
        with Publisher(red_film, served.publish_url("kick", "robbie")):
            ended = cloud.until_ended(task)

    assert ended["Reason"] == "robot kicked"
    assert cdn.until_ended("kick").events[-3:] == ORDERLY_END


def test_a_second_task_with_the_same_robot_in_the_room_ends_the_first(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("clash", "hugo")):
        first = cloud.start("clash", "hugo", [cdn.url("first")], robot="robbie")
        cdn.until_more("first", FPS)
        second = cloud.start("clash", "hugo", [cdn.url("second")], robot="robbie")
        ended = cloud.until_ended(first)
        cdn.until_more("second", FPS)
        cloud.stop(second)

    assert ended["Reason"] == "robot kicked"
    assert cdn.until_ended("first").events[-3:] == ORDERLY_END


def test_a_task_without_video_params_relays_the_sound_only(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("radio", "ida")):
        task = cloud.start("radio", "ida", [cdn.url("radio")], video=False)
        eventually(lambda: cdn.streams("radio") and len(cdn.stream("radio").audio) > 150, "three seconds of sound")
        cloud.until_running(task)
        cloud.stop(task)
        stream = cdn.until_ended("radio")

    got = cdn.received("radio")
    assert got.video == []
    assert "width" not in stream.metadata
    assert rises(got.sound_times)
    assert len(got.sound().pitches()) >= 2
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in got.sound().pitches())


def test_a_publisher_without_a_picture_is_relayed_too(
    served: Served, cloud: Cloud, cdn: HostedCdn, tmp_path: Path
) -> None:
    film = make_film(tmp_path / "voice.flv", RED, 700, video=False)
    with Publisher(film, served.publish_url("voice", "jo")):
        task = cloud.start("voice", "jo", [cdn.url("voice")])
        eventually(lambda: cdn.streams("voice") and len(cdn.stream("voice").audio) > 100, "two seconds of sound")
        cloud.stop(task)
        cdn.until_ended("voice")

    assert all(pitch == pytest.approx(700, abs=20) for pitch in cdn.received("voice").sound().pitches())


def test_a_publisher_without_sound_is_relayed_too(served: Served, cloud: Cloud, cdn: HostedCdn, tmp_path: Path) -> None:
    film = make_film(tmp_path / "mute.flv", GREEN, 700, audio=False)
    with Publisher(film, served.publish_url("mute", "kim")):
        task = cloud.start("mute", "kim", [cdn.url("mute")])
        cdn.until_more("mute", FPS)
        cloud.stop(task)
        cdn.until_ended("mute")

    got = cdn.received("mute")
    assert (colours(got), got.audio) == (["green"], [])


def test_stream_type_1_relays_the_screen_and_not_the_camera(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, blue_film: Path
) -> None:
    with (
        Publisher(red_film, served.publish_url("screen", "lea")),
        Publisher(blue_film, served.publish_url("screen", "lea", streamtype=1)),
    ):
        camera = cloud.start("screen", "lea", [cdn.url("camera")])
        screen = cloud.start("screen", "lea", [cdn.url("screen")], stream_type=1)
        cdn.until_more("camera", 2 * FPS)
        cdn.until_more("screen", 2 * FPS)
        for task in (camera, screen):
            cloud.stop(task)
        for name in ("camera", "screen"):
            cdn.until_ended(name)

    assert colours(cdn.received("camera")) == ["red"]
    assert colours(cdn.received("screen")) == ["blue"]
    assert all(pitch == pytest.approx(500, abs=20) for pitch in cdn.received("screen").sound().pitches())


def test_a_numeric_room_and_a_string_room_of_the_same_name_are_two_rooms(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path
) -> None:
    with (
        Publisher(red_film, served.publish_url("77", "max", use_number_room_id=1)),
        Publisher(green_film, served.publish_url("77", "max")),
    ):
        numeric = cloud.start("77", "max", [cdn.url("numeric")], numeric=True, robot="robbie")
        text = cloud.start("77", "max", [cdn.url("text")], robot="robbie")
        cdn.until_more("numeric", FPS)
        cdn.until_more("text", FPS)
        for task in (numeric, text):
            cloud.stop(task)
        for name in ("numeric", "text"):
            cdn.until_ended(name)

    assert colours(cdn.received("numeric")) == ["red"]
    assert colours(cdn.received("text")) == ["green"]
