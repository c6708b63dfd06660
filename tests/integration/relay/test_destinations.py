"""Many destinations of one task, good and bad ones, plain and encrypted."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS, SECONDS
from tests.media.received import largest_step, numbers_follow, rises


@pytest.fixture(scope="module")
def anna(served: Served, red_film: Path) -> Iterator[None]:
    with Publisher(red_film, served.publish_url("gallery", "anna")):
        yield


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port on which nobody listens, as long as the test holds it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.usefixtures("anna")
def test_three_bad_destinations_leave_the_other_seven_alone_and_say_what_is_wrong(
    cloud: Cloud, cdn: HostedCdn, nobody: int
) -> None:
    with HostedCdn() as refusing, HostedCdn() as silent:
        refusing.misbehave(lambda fake: fake.refuse())
        silent.misbehave(lambda fake: fake.silent_after_publish())
        good = [f"good-{number}" for number in range(7)]
        bad = [f"rtmp://127.0.0.1:{nobody}/live/none", refusing.url("turned-away"), silent.url("silent")]
        task = cloud.start("gallery", "anna", [*bad, *map(cdn.url, good)])
        for name in good:
            cdn.until(name, 2 * FPS)
        # The one that is silent is given 5 s to answer.
        eventually(lambda: cloud.describe(task)["Destinations"][2]["Reason"], "the silent one is noticed")
        told = cloud.describe(task)["Destinations"]
        cloud.stop(task)
        cloud.until_ended(task)

    assert [entry["State"] for entry in told] == ["connecting"] * 3 + ["running"] * 7
    assert [entry["ErrorCode"] for entry in told] == [31, 21, 32, *[0] * 7]
    assert all(entry["Attempt"] >= 2 for entry in told[:3])
    unreachable, refused, mute = (entry["Reason"] for entry in told[:3])
    assert "refused" in unreachable.lower()
    assert f"127.0.0.1:{nobody}" in unreachable
    assert "NetStream.Publish.BadName" in refused
    assert "refused by the fake" in refused
    assert "5 s" in mute
    assert not any("turned-away" in entry["Reason"] for entry in told)
    assert [entry["DroppedFrames"] for entry in told[3:]] == [0] * 7
    for name in good:
        stream = cdn.until_ended(name)
        assert stream.events[-3:] == ["FCUnpublish", "deleteStream", "closed"]
        assert len(cdn.streams(name)) == 1
        assert numbers_follow(cdn.received(name).pictures(), SECONDS * FPS)


@pytest.mark.usefixtures("anna")
def test_a_cdn_that_comes_back_gets_the_stream_again_at_a_later_time(cloud: Cloud, cdn: HostedCdn) -> None:
    with HostedCdn() as first:
        task = cloud.start("gallery", "anna", [first.url("again"), cdn.url("beside")])
        first.until_more("again", FPS)
        port = first.port
    eventually(lambda: cloud.states(task) == ["recovering", "running"], "recovering")
    assert cloud.describe(task)["Destinations"][0]["Reason"]
    with HostedCdn(port) as second:
        second.until_more("again", FPS)
        eventually(lambda: cloud.states(task) == ["running", "running"], "running again")
        told = cloud.describe(task)["Destinations"]
        cloud.stop(task)
        second.until_ended("again")
        before, after = first.received("again"), second.received("again")
        metadata = second.stream("again").metadata

    assert [entry["Connects"] for entry in told] == [2, 1]
    assert metadata["width"]
    assert after.frames[0][1].key
    assert rises([at for at, _ in before.frames + after.frames])
    assert rises(before.sound_times + after.sound_times)
    cdn.until_ended("beside")
    assert numbers_follow(cdn.received("beside").pictures(), SECONDS * FPS)


@pytest.mark.usefixtures("anna")
def test_a_second_task_to_the_same_url_is_refused_by_the_cdn_until_the_first_one_has_ended(
    served: Served, cloud: Cloud
) -> None:
    url = served.live_url("shared")
    first = cloud.start("gallery", "anna", [url])
    cloud.until_running(first)
    second = cloud.start("gallery", "anna", [url])
    eventually(lambda: cloud.describe(second)["Destinations"][0]["Reason"], "a reason")
    told = cloud.describe(second)["Destinations"][0]
    assert (told["State"], cloud.states(first)) == ("connecting", ["running"])
    assert "in use" in told["Reason"]

    cloud.stop(first)

    cloud.until_running(second)
    assert cloud.describe(second)["Destinations"][0]["Reason"] == ""
    cloud.stop(second)
    cloud.until_ended(second)


@pytest.mark.usefixtures("anna")
def test_a_destination_that_stalls_costs_the_others_nothing(cloud: Cloud, cdn: HostedCdn) -> None:
    with HostedCdn() as slow:
        task = cloud.start("gallery", "anna", [slow.url("slow"), cdn.url("fast")])
        slow.until_more("slow", FPS)
        slow.misbehave(lambda fake: fake.stall())
        cdn.until_more("fast", 3 * FPS)
        cloud.stop(task)
        cdn.until_ended("fast")
        ended = cloud.until_ended(task)

    assert ended["Reason"] == "stopped"
    got = cdn.received("fast")
    assert numbers_follow(got.pictures(), SECONDS * FPS)
    assert largest_step([at for at, _ in got.frames]) <= 2 * 1000 // FPS


def test_a_private_address_is_refused_at_the_call(cloud: Cloud) -> None:
    with pytest.raises(CloudError) as refusal:
        cloud.start("gallery", "anna", ["rtmp://127.0.0.1/live/x", "rtmp://10.1.2.3/live/secret"])

    assert refusal.value.code == "InvalidParameter"
    assert "PublishCdnParams.1.PublishCdnUrl" in refusal.value.message
    assert "10.1.2.3" in refusal.value.message
    assert "secret" not in refusal.value.message


def test_a_name_of_a_private_address_is_refused_when_it_is_dialled(tmp_path: Path, red_film: Path) -> None:
    with (
        Served(tmp_path, TAILRACE_DESTINATIONS__ALLOW_PRIVATE="[]") as guarded,
        HostedCdn() as cdn,
        Publisher(red_film, guarded.publish_url("gallery", "anna")),
    ):
        cloud = Cloud(guarded)
        task = cloud.start("gallery", "anna", [f"rtmp://localhost:{cdn.port}/live/secret"])
        eventually(lambda: cloud.describe(task)["Destinations"][0]["Reason"], "a reason")
        told = cloud.describe(task)["Destinations"][0]
        cloud.stop(task)

        assert "localhost" in told["Reason"]
        assert "not a public address" in told["Reason"]
        assert told["ErrorCode"] == 13
        assert "secret" not in told["Reason"]
        assert cdn.streams("secret") == []


class Authority:
    """A certificate of its own for 127.0.0.1, made by the openssl program."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file, key = folder / "certificate.pem", folder / "key.pem"
        words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
        files = ["-keyout", str(key), "-out", str(self.file)]
        subprocess.run(["openssl", *words.split(), *names, *files], check=True, capture_output=True)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(self.file, key)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
def test_rtmps_is_pushed_to_those_whose_certificate_is_trusted_and_to_no_others(tmp_path: Path, red_film: Path) -> None:
    known, unknown = Authority(tmp_path / "known"), Authority(tmp_path / "unknown")
    with (
        Served(tmp_path, SSL_CERT_FILE=str(known.file)) as served,
        HostedCdn(tls=known.context) as trusted,
        HostedCdn(tls=unknown.context) as impostor,
        Publisher(red_film, served.publish_url("gallery", "anna")),
    ):
        cloud = Cloud(served)
        task = cloud.start("gallery", "anna", [trusted.url("safe"), impostor.url("unsafe")])
        trusted.until_more("safe", FPS)
        eventually(lambda: cloud.describe(task)["Destinations"][1]["Reason"], "a reason")
        told = cloud.describe(task)["Destinations"]
        cloud.stop(task)
        stream = trusted.until_ended("safe")

        assert "certificate" in told[1]["Reason"]
        assert told[1]["ErrorCode"] == 41
        assert told[0]["State"] == "running"
        assert stream.events[-3:] == ["FCUnpublish", "deleteStream", "closed"]
        assert impostor.streams("unsafe") == []
        assert numbers_follow(trusted.received("safe").pictures(), SECONDS * FPS)
