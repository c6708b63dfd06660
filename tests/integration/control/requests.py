"""Requests for the official SDK."""

from typing import Any

from tencentcloud.trtc.v20190722 import models

from tests.integration.control.running import APP

PUSH = "rtmp://127.0.0.1:1935/live/key?token=hidden"


def start_parameters(**changes: Any) -> dict[str, Any]:
    """A start request that is right, with some members changed; None takes one out."""
    parameters: dict[str, Any] = {
        "SdkAppId": APP,
        "RoomId": "stage-4",
        "RoomIdType": 1,
        "AgentParams": {"UserId": "robot-stage-4", "MaxIdleTime": 30},
        "WithTranscoding": 0,
        "SingleSubscribeParams": {"UserMediaStream": {"UserInfo": {"UserId": "anchor"}, "StreamType": 0}},
        "PublishCdnParams": [{"PublishCdnUrl": PUSH, "IsTencentCdn": 0}],
    }
    parameters.update(changes)
    return {name: value for name, value in parameters.items() if value is not None}


def start_request(**changes: Any) -> models.StartPublishCdnStreamRequest:
    """The same as the SDK's model."""
    request = models.StartPublishCdnStreamRequest()
    request._deserialize(start_parameters(**changes))
    return request


def stop_request(task_id: str, app: int = APP, record_key: str | None = None) -> models.StopPublishCdnStreamRequest:
    """A request to stop a task."""
    request = models.StopPublishCdnStreamRequest()
    request.SdkAppId, request.TaskId, request.RecordKey = app, task_id, record_key
    return request
