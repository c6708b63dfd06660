"""The `tailrace` commands against a running server."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS, HEIGHT, WIDTH


def said(done: subprocess.CompletedProcess[str]) -> Any:
    """Return what a command with --json has printed."""
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_task_is_started_listed_shown_and_stopped_from_the_shell(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, said(served.command("urls", "shell", "anna", "--json"))["publish"]):
        started = said(served.command("task", "start", "shell", "anna", "--push", cdn.url("shell"), "--json"))
        task = started["TaskId"]
        cdn.until_more("shell", FPS)

        shown = said(served.command("task", "show", task, "--json"))
        listed = said(served.command("task", "list", "--room", "shell", "--state", "running", "--json"))
        rooms = said(served.command("room", "list", "--json"))
        assert said(served.command("task", "stop", task, "--json"))["TaskId"] == task
        assert said(served.command("task", "stop", task, "--json"))["TaskId"] == task

    assert cdn.until_ended("shell").events[-3:] == ["FCUnpublish", "deleteStream", "closed"]
    assert _task(shown)["TaskId"] == task
    assert _task(shown)["Destinations"][0]["State"] == "running"
    assert [entry["TaskId"] for entry in listed["TaskList"]] == [task]
    assert "shell" in json.dumps(rooms)
    assert cloud.until_ended(task)["Reason"] == "stopped"
    assert said(served.command("task", "list", "--room", "shell", "--state", "running", "--json"))["TaskList"] == []


def test_who_is_in_a_room_is_shown(served: Served, red_film: Path) -> None:
    with Publisher(red_film, served.publish_url("lobby", "ben")):
        eventually(lambda: "ben" in served.command("room", "show", "lobby", "--json").stdout, "ben in the lobby")
        people = said(served.command("room", "show", "lobby", "--json"))
        assert [(entry["UserId"], entry["Width"], entry["Height"]) for entry in people] == [("ben", WIDTH, HEIGHT)]
    eventually(lambda: "ben" not in served.command("room", "show", "lobby", "--json").stdout, "nobody in the lobby")


def test_urls_name_where_to_publish_and_where_to_watch(served: Served) -> None:
    urls = said(served.command("urls", "studio", "cleo", "--json"))

    assert urls["publish"].startswith(f"{served.ready['rtmp']}/push/studio?sdkappid={served.app['sdk_app_id']}")
    assert urls["publish"] == f"{urls['obs_server']}/{urls['obs_stream_key']}"
    assert urls["cdn_play_flv"].startswith(served.ready["media_http"])


def test_a_usersig_is_good_for_its_user_and_for_nobody_else(served: Served) -> None:
    done = served.command("usersig", "dora")

    sig = done.stdout.strip()
    assert done.returncode == 0
    assert re.fullmatch(r"[A-Za-z0-9*_-]+", sig)
    app, key = SdkAppId(served.app["sdk_app_id"]), Secret(served.app["key"])
    assert usersig.check(sig, app, key, UserId("dora"), time.time())


def test_an_error_is_one_line_with_the_reason_and_its_own_exit_status(served: Served) -> None:
    unknown = served.command("task", "show", "no-such-task")
    wrong = served.command("task", "start", "shell", "anna", "--push", "http://127.0.0.1/live/secret-key")

    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert len(unknown.stderr.strip().splitlines()) == 1
    assert "ResourceNotFound" in unknown.stderr
    assert wrong.returncode == 1
    assert "PublishCdnParams.0.PublishCdnUrl" in wrong.stderr
    assert "secret-key" not in wrong.stderr


def test_secrets_are_not_in_the_log_nor_in_the_process_list(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    with Publisher(red_film, served.publish_url("quiet", "emil")):
        task = cloud.start("quiet", "emil", [cdn.url("a-secret-stream-key?token=a-secret-token")])
        cdn.until_more("a-secret-stream-key", FPS)
        commands = [Path(f"/proc/{pid}/cmdline") for pid in served.left()]
        words = "".join(file.read_text() for file in commands if file.exists())
        cloud.stop(task)
        cdn.until_ended("a-secret-stream-key")

    nats = json.loads((served.data / "nats" / "nats-server.conf").read_text())["authorization"]["password"]
    for secret in ("a-secret-stream-key", "a-secret-token", served.account["secret_key"], served.app["key"], nats):
        assert secret not in served.log()
        assert secret not in words


def _task(shown: Any) -> Any:
    return shown["TaskList"][0] if "TaskList" in shown else shown
