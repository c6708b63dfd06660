"""Start requests for the tests of the models and of planning."""

from typing import Any

from tailrace.control.actions.start_publish_cdn_stream import Request
from tailrace.control.params.wire import read

USER = {"UserInfo": {"UserId": "anchor"}}


def parameters(**changes: Any) -> dict[str, Any]:
    """A start request that is right, with some members changed; None takes one out."""
    wanted: dict[str, Any] = {
        "SdkAppId": 1400000001,
        "RoomId": "stage-4",
        "RoomIdType": 1,
        "AgentParams": {"UserId": "robot"},
        "WithTranscoding": 0,
        "SingleSubscribeParams": {"UserMediaStream": USER},
        "PublishCdnParams": [{"PublishCdnUrl": "rtmp://cdn.example/live/a"}],
    } | changes
    return {name: value for name, value in wanted.items() if value is not None}


def mixed(**changes: Any) -> dict[str, Any]:
    """A request to mix, with some members changed."""
    return parameters(WithTranscoding=1, SingleSubscribeParams=None, **changes)


def request(**changes: Any) -> Request:
    """The same, read."""
    return read(Request, parameters(**changes), text=False)


def urls(*texts: str) -> list[dict[str, str]]:
    """Push URLs."""
    return [{"PublishCdnUrl": text} for text in texts]
