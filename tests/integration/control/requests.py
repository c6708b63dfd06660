"""Requests for the official SDK."""

from typing import Any

from tencentcloud.trtc.v20190722 import models

from tests.integration.control.running import APP

PUSH = "rtmp://127.0.0.1:1935/live/key?token=hidden"

# The figures that the printed samples repeat (spec/02 section 1.5).
AUDIO_ENCODE = {"SampleRate": 48000, "Channel": 2, "BitRate": 64, "Codec": 0}
VIDEO_ENCODE = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}


def who(user: str, room: str | None = None) -> dict[str, Any]:
    """A user, of the main room unless another is given."""
    return {"UserInfo": {"UserId": user} | ({"RoomId": room, "RoomIdType": 1} if room else {})}


def picture(**layout: Any) -> dict[str, Any]:
    """VideoParams with this layout."""
    return {"VideoEncode": VIDEO_ENCODE, "LayoutParams": layout}


# As in the official update example, the last window reaches below a canvas of 720 lines.
WINDOWS = [
    {"UserMediaStream": who("a"), "ImageWidth": 1280, "ImageHeight": 720, "BackGroundColor": "0xcc0033"},
    {"UserMediaStream": who("b"), "ImageWidth": 640, "ImageHeight": 720, "LocationY": 360, "ZOrder": 1},
]


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


def mix_request(**changes: Any) -> models.StartPublishCdnStreamRequest:
    """A request to mix everybody in the room."""
    return start_request(**{"WithTranscoding": 1, "SingleSubscribeParams": None} | changes)


def update_request(
    task_id: str, sequence: int, transcoding: int, app: int = APP, **changes: Any
) -> models.UpdatePublishCdnStreamRequest:
    """A request to change a task."""
    request = models.UpdatePublishCdnStreamRequest()
    names = {"SdkAppId": app, "TaskId": task_id, "SequenceNumber": sequence, "WithTranscoding": transcoding}
    request._deserialize(names | changes)
    return request
