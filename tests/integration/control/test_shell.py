"""`tailrace task` against a control process: mixes started, changed and shown from a shell."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.mix import LayoutMode, Scene
from tests.integration.control.looking import record_of, show
from tests.integration.control.requests import PUSH, picture, start_parameters
from tests.integration.control.running import APP, APP_KEY, KEY, Control, child, on_the_bus, wait_until

Shell = Callable[..., subprocess.CompletedProcess[str]]

OTHER_PUSH = "rtmp://127.0.0.1:1935/live/other?token=hidden"


@pytest.fixture
def shell(api: Control, tmp_path: Path) -> Shell:
    """Runs `tailrace task` as the owner of the application."""
    port = api.address.rpartition(":")[2]
    config = tmp_path / "tailrace.toml"
    config.write_text(
        f"[listen]\nhttp = {port}\n[[account]]\napp_id = 1250000000\nsecret_id = 'AKIDowner'\n"
        f"secret_key = '{KEY.reveal()}'\n[[app]]\nsdk_app_id = {APP}\naccount = 1250000000\n"
        f"key = '{APP_KEY.reveal()}'\n"
    )
    config.chmod(0o600)

    def run(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        places = ["--config", str(config), "--data", str(tmp_path)]
        command = [sys.executable, "-m", "tailrace", "task", *words, *places]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=30, check=False)

    return run


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that went well has printed."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def scene_of(api: Control, task_id: str) -> Scene:
    """The picture that a task shall have now."""
    mix = record_of(api, task_id).plan.mix
    assert mix is not None
    assert mix.scene is not None
    return mix.scene


def test_a_mix_is_started_and_changed(api: Control, shell: Shell) -> None:
    options = ("--mix", "--layout", "grid", "--size", "640x360", "--fps", "30", "--bitrate", "800", "--gop", "1")
    task_id = said(shell("start", "studio", *options, "--push", "-", given=PUSH))
    assert scene_of(api, task_id).layout.mode is LayoutMode.GRID

    windows = ("--window", "alice=320x360+0+0", "--window", "320x360+320+0")
    assert said(shell("update", task_id, *windows)) == f"Updated {task_id}: SequenceNumber 1"
    assert len(scene_of(api, task_id).layout.slots) == 2
    said(shell("update", task_id, "--bitrate", "1200", "--push", "-", "--remove-push", "1", given=OTHER_PUSH))
    encoding = scene_of(api, task_id).encoding
    assert (encoding.width, encoding.fps, encoding.bitrate_kbps, encoding.gop) == (640, 30, 1200, 1)
    record = record_of(api, task_id)
    assert [destination.url.reveal() for destination in record.plan.destinations] == [OTHER_PUSH]
    assert (record.sequence, record.revision) == (2, 2)
    assert said(shell("update", task_id, "--background", "0xFFFFFF", "--sequence", "40")).endswith("SequenceNumber 40")


def test_a_single_stream_becomes_a_mix_and_back(api: Control, shell: Shell) -> None:
    task_id = said(shell("start", "studio", "alice", "--push", PUSH))

    said(shell("update", task_id, "--mix", "--layout", "screen", "--big", "alice:screen"))
    assert scene_of(api, task_id).layout.mode is LayoutMode.SCREEN_SHARING
    said(shell("update", task_id, "--single", "bob"))
    plan = record_of(api, task_id).plan
    assert plan.source is not None
    assert (plan.mix, plan.source.user) == (None, "bob")


def test_requests_come_from_files(api: Control, shell: Shell, tmp_path: Path) -> None:
    request = start_parameters(
        WithTranscoding=1, SingleSubscribeParams=None, VideoParams=picture(MixLayoutMode=2), SdkAppId=None
    )
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request))
    task_id = json.loads(said(shell("start", "--request", str(file), "--json")))["TaskId"]

    change = {"WithTranscoding": 1, "VideoParams": {"BackGroundColor": "0x123456"}, "TaskId": "of-another-time"}
    assert said(shell("update", task_id, "--request", "-", given=json.dumps(change))).endswith("SequenceNumber 1")
    assert scene_of(api, task_id).colour == 0x123456
    said(shell("update", task_id, "--request", "-", given=json.dumps(change | {"SequenceNumber": 9})))
    assert record_of(api, task_id).sequence == 9


def test_what_the_api_refuses_is_one_line(api: Control, shell: Shell) -> None:
    task_id = said(shell("start", "studio", "alice", "--audio-only", "--push", PUSH))

    refused = shell("update", task_id, "--mix", "--layout", "grid")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("tailrace: UpdatePublishCdnStream: UnsupportedOperation")
    assert refused.stderr.count("\n") == 1
    assert shell("update", "unknown", "--mix").stderr.startswith("tailrace: DescribePublishCdnStream: ResourceNotFound")


def test_an_answer_of_another_server_than_that_of_the_folder_is_told(
    api: Control, shell: Shell, tmp_path: Path
) -> None:
    config = tmp_path / "tailrace.toml"
    config.write_text(config.read_text().replace("AKIDowner", "AKIDother"))

    command = [sys.executable, "-m", "tailrace", "task", "list", "--data", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert "AuthFailure.SecretIdNotFound" in refused.stderr
    assert refused.stderr.strip().endswith(f"no server runs on {tmp_path}, this answer is from http://{api.address}")


def test_what_is_to_be_seen_is_shown(api: Control, shell: Shell) -> None:
    task_id = said(shell("start", "studio", "--mix", "--push", PUSH))

    async def take(bus: Bus) -> None:
        await Tasks(bus).change(SdkAppId(APP), TaskId(task_id), lambda record: record.take_over("w", 1, 1.0))

    on_the_bus(api.nats_url, take)
    window: dict[str, Any] = {"x": 2, "y": 4, "width": 640, "height": 360, "layer": 1, "user": "alice", "live": True}
    free = window | {"user": "", "live": False}
    report: dict[str, Any] = {"revision": 3, "since": 1_700_000_000.0, "notes": ["no image"], "windows": [window, free]}
    with child(api.nats_url, task_id, {"inspect": report}):
        wait_until(lambda: show(api, task_id)["State"] == "running")
        lines = said(shell("show", task_id)).splitlines()

    fields = dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)
    assert (fields["VisibleRevision"], fields["VisibleSince"]) == ("3", "2023-11-14T22:13:20Z")
    assert (fields["Note"], fields["VideoEncode"]) == (
        "no image",
        "Width 1280, Height 720, Fps 15, BitRate 1536, Gop 2",
    )
    assert ["alice", "-", "0", "2", "4", "640", "360", "1", "1"] in [line.split() for line in lines]
    assert ["-", "-", "0", "2", "4", "640", "360", "1", "0"] in [line.split() for line in lines]
    # The place by which `task update --remove-push` names a push.
    assert ["#", "State"] in [line.split()[:2] for line in lines]
    assert "1" in [line.split()[0] for line in lines if line.endswith("/***")]
    assert "hidden" not in str(lines)
