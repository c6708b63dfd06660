"""The console of a whole server: a real publisher, a real task, and ingest, which the pages are led to."""

import re
from collections.abc import Iterator

import pytest

from tests.harness.cloud import Cloud
from tests.harness.console_page import Changes, ConsolePage
from tests.harness.ffmpeg import publisher
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())
ROOM = "stage"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server."""
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def page(served: Served) -> Iterator[ConsolePage]:
    """A page where its first account is signed in."""
    with ConsolePage(served.ready["http"]) as opened:
        assert opened.sign_in(served.account["secret_id"], served.account["secret_key"]).status_code == 200
        yield opened


def members(changes: Changes) -> dict[str, str]:
    """Return who is in the room, and in which role."""
    return {member["UserId"]: member["Role"] for member in changes.rooms.get(ROOM, {}).get("Members", [])}


def test_a_page_sees_a_publisher_come_a_task_run_and_both_go(served: Served, page: ConsolePage) -> None:
    cloud = Cloud(served)
    with page.following() as changes:
        with publisher(served.publish_url(ROOM, "ann")):
            changes.until(lambda c: members(c) == {"ann": "main"}, "the publisher")
            changes.until(lambda c: c.rooms[ROOM]["Members"][0]["Height"] == 240, "his picture's size")
            task_id = cloud.start(ROOM, "ann", [served.live_url("console")], robot="robot")
            changes.until(lambda c: task_id in c.tasks, "the task")
            changes.until(lambda c: c.tasks[task_id]["Destinations"][0]["BitRate"] > 0, "its bit rate")
            changes.until(lambda c: members(c) == {"ann": "main", "robot": "robot"}, "its robot")
            cloud.stop(task_id)
            changes.until(lambda c: c.tasks[task_id]["State"] == "ended", "its end")
        changes.until(lambda c: members(c) == {}, "the end of the room")
        changes.until(lambda c: "dismiss room" in [e["What"] for e in c.of("event")], "its event")
    whats = [event["What"] for event in changes.of("event")]

    assert whats.index("enter room") < whats.index("queued") < whats.index("taken") < whats.index("ended")
    assert len(changes.of("snapshot")) == 1


def test_a_user_sig_of_the_console_lets_a_publisher_in(served: Served, page: ConsolePage) -> None:
    app = served.app["sdk_app_id"]
    made = page.post("/api/usersig", json={"SdkAppId": app, "UserId": "minted", "LifetimeSeconds": 600}).json()
    address = served.publish_url(ROOM, "minted", usersig=made["UserSig"])
    with page.following() as changes, publisher(address):
        changes.until(lambda c: members(c) == {"minted": "main"}, "the publisher")


def test_pages_are_led_to_ingest_under_the_name_that_they_used(served: Served, page: ConsolePage) -> None:
    port = served.ready["media_http"].rpartition(":")[2]
    there = page.get("/api/session").json()["MediaUrl"]
    by_name = page.get("/", headers={"Host": "relay.example:8930"}).headers["content-security-policy"]

    assert there == served.ready["media_http"]
    assert f"connect-src 'self' http://relay.example:{port};" in by_name


def test_the_address_is_printed_and_no_secret_is_logged(served: Served, page: ConsolePage) -> None:
    page.sign_in(served.account["secret_id"], "a-wrong-key-that-was-pasted")
    app = served.app["sdk_app_id"]
    made = page.post("/api/usersig", json={"SdkAppId": app, "UserId": "minted"}).json()["UserSig"]
    log = served.log()

    assert re.search(rf"Console +{served.ready['http']}/console/\n", log)
    assert '"event": "sign-in refused"' in log
    for secret in (served.account["secret_key"], "a-wrong-key", made, page.cookies[page.cookie]):
        assert secret not in log
