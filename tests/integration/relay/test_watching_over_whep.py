"""A task's output watched in a browser's way: WHEP of the task itself."""

from pathlib import Path

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.harness.whep import WhepViewer, offer, post
from tests.media.film import FPS, RED, see


def test_what_a_task_makes_is_seen_and_heard(served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path) -> None:
    with Publisher(red_film, served.publish_url("whep_task", "anna")):
        task = cloud.start("whep_task", "anna", [cdn.url("whep_task")])
        cdn.until_more("whep_task", FPS)
        url = f"{served.ready['media_http']}/v2/task/{served.app['sdk_app_id']}/{task}?SessionID=watcher"
        with WhepViewer(url, served.token("watcher")) as viewer:
            eventually(lambda: len(viewer.seen.pictures) > 2 * FPS, "two seconds of pictures")
            eventually(lambda: len(viewer.seen.sounds) > 75, "its sound")
        assert post(url, offer(), served.token("another")).status == 403
        cloud.stop(task)
        eventually(lambda: post(url, offer(), served.token("watcher")).status == 404, "the end of the task")

    assert all(see(picture).looks(RED) for _, picture in viewer.seen.pictures)
