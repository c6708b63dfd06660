"""Tasks through the official SDK: start, stop, describe."""

import json
from typing import Any

from tests.integration.control.requests import start_request, stop_request
from tests.integration.control.running import APP, Control


def describe(api: Control, **parameters: Any) -> dict[str, Any]:
    """Call our extension as the SDK calls any action it does not know."""
    answer = json.loads(api.client().call("DescribePublishCdnStream", {"SdkAppId": APP, **parameters}))
    return dict(answer["Response"])


def test_a_started_task_is_queued_and_described_until_it_is_stopped(api: Control) -> None:
    task_id = api.client().StartPublishCdnStream(start_request()).TaskId

    before = describe(api, TaskId=task_id)["TaskList"][0]
    stopped = api.client().StopPublishCdnStream(stop_request(task_id))
    after = describe(api, TaskId=task_id)["TaskList"][0]

    assert len(task_id) == 76
    assert task_id.endswith("..")
    assert (before["State"], after["State"], after["Reason"]) == ("queued", "ended", "stopped")
    assert stopped.TaskId == task_id
