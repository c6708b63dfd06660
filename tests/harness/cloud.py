"""Cloud: the official Tencent Cloud SDK as the client, and the requests that the tests make with it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models, trtc_client

from tests.harness.served import Served
from tests.harness.waiting import DEADLINE, eventually

CloudError = TencentCloudSDKException
REGION = "ap-singapore"
ENDED = "ended"
VIDEO = {"VideoEncode": {"Width": 320, "Height": 180, "Fps": 25, "BitRate": 500, "Gop": 1}}
MIX_ENCODE = {"Width": 640, "Height": 360, "Fps": 15, "BitRate": 1500, "Gop": 1}
AUDIO_ENCODE = {"SampleRate": 48000, "Channel": 2, "BitRate": 64, "Codec": 0}
Fields = Mapping[str, Any]


def who(user: str, room: str = "", **beside: Any) -> dict[str, Any]:
    """Return UserInfo, of the main room unless another string room is given, with what stands beside it."""
    return {"UserInfo": {"UserId": user} | ({"RoomId": room, "RoomIdType": 1} if room else {})} | beside


class Cloud:
    """Calls one server with the account that its configuration was made with."""

    def __init__(self, served: Served) -> None:
        profile = HttpProfile(protocol="http", endpoint=served.ready["http"].removeprefix("http://"))
        key = credential.Credential(served.account["secret_id"], served.account["secret_key"])
        self._client = trtc_client.TrtcClient(key, REGION, ClientProfile(httpProfile=profile))
        self._app = served.app["sdk_app_id"]
        self._robots = 0

    def start(
        self,
        room: str,
        user: str,
        urls: Sequence[str],
        *,
        robot: str = "",
        numeric: bool = False,
        stream_type: int = 0,
        video: bool = True,
        max_idle: int = 30,
        rate_hz: int = 48000,
        channels: int = 2,
        profile: int = 0,
        **more: Any,
    ) -> str:
        """StartPublishCdnStream of a single stream; return the TaskId. `more` is what else the request shall have."""
        self._robots += 1
        request = models.StartPublishCdnStreamRequest()
        request.from_json_string(
            json.dumps(
                {
                    "SdkAppId": self._app,
                    "RoomId": room,
                    "RoomIdType": 0 if numeric else 1,
                    "AgentParams": {"UserId": robot or f"relay_{self._robots}", "MaxIdleTime": max_idle},
                    "WithTranscoding": 0,
                    "AudioParams": {
                        "AudioEncode": {"SampleRate": rate_hz, "Channel": channels, "BitRate": 64, "Codec": profile}
                    },
                    **({"VideoParams": VIDEO} if video else {}),
                    "SingleSubscribeParams": {
                        "UserMediaStream": {"UserInfo": {"UserId": user}, "StreamType": stream_type}
                    },
                    "PublishCdnParams": [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in urls],
                    **more,
                }
            )
        )
        return str(self._client.StartPublishCdnStream(request).TaskId)

    def update(self, task_id: str, sequence: int, *, mix: bool = True, **changes: object) -> str:
        """UpdatePublishCdnStream with these top-level parameters; return the TaskId of the answer."""
        request = models.UpdatePublishCdnStreamRequest()
        names = {"SdkAppId": self._app, "TaskId": task_id, "SequenceNumber": sequence, "WithTranscoding": int(mix)}
        request.from_json_string(json.dumps(names | changes))
        return str(self._client.UpdatePublishCdnStream(request).TaskId)

    def start_mix(
        self,
        room: str,
        urls: Sequence[str],
        *,
        layout: Fields | None = None,
        encode: Fields | None = None,
        canvas: Fields | None = None,
        video: bool = True,
        sound: Fields | None = None,
        only: Sequence[Fields] | None = None,
        never: Sequence[Fields] | None = None,
        robot: str = "",
        max_idle: int = 30,
        **more: Any,
    ) -> str:
        """StartPublishCdnStream of a mix; return the TaskId.

        `encode` and `sound` change single members of MIX_ENCODE and AUDIO_ENCODE, `canvas` has other members of
        VideoParams, `only` and `never` are the audio lists, and `more` has whatever else the request shall have.
        """
        self._robots += 1
        lists = {"SubscribeAudioList": only, "UnSubscribeAudioList": never}
        picture = {"VideoEncode": {**MIX_ENCODE, **(encode or {})}, "LayoutParams": layout, **(canvas or {})}
        request = models.StartPublishCdnStreamRequest()
        request.from_json_string(
            json.dumps(
                {
                    "SdkAppId": self._app,
                    "RoomId": room,
                    "RoomIdType": 1,
                    "AgentParams": {"UserId": robot or f"mixer_{self._robots}", "MaxIdleTime": max_idle},
                    "WithTranscoding": 1,
                    "AudioParams": _given({"AudioEncode": {**AUDIO_ENCODE, **(sound or {})}, **lists}),
                    **({"VideoParams": _given(picture)} if video else {}),
                    "PublishCdnParams": [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in urls],
                    **more,
                }
            )
        )
        return str(self._client.StartPublishCdnStream(request).TaskId)

    def stop(self, task_id: str) -> str:
        """StopPublishCdnStream; return the TaskId of the answer."""
        request = models.StopPublishCdnStreamRequest()
        request.SdkAppId, request.TaskId = self._app, task_id
        return str(self._client.StopPublishCdnStream(request).TaskId)

    def describe(self, task_id: str) -> dict[str, Any]:
        """DescribePublishCdnStream, our extension, which the SDK has no class for; return the task."""
        answer = self._client.call_json("DescribePublishCdnStream", {"SdkAppId": self._app, "TaskId": task_id})
        task: dict[str, Any] = answer["Response"]["TaskList"][0]
        return task

    def tasks(self, **filters: object) -> dict[str, Any]:
        """DescribePublishCdnStream with filters; return the answer."""
        answer = self._client.call_json("DescribePublishCdnStream", {"SdkAppId": self._app, **filters})
        response: dict[str, Any] = answer["Response"]
        return response

    def events(self, **filters: object) -> list[dict[str, Any]]:
        """DescribePublishCdnStreamEvents, page by page; return all events that fit."""
        found: list[dict[str, Any]] = []
        place: dict[str, object] = {}
        while True:
            answer = self._client.call_json(
                "DescribePublishCdnStreamEvents", {"SdkAppId": self._app, **filters, **place}
            )["Response"]
            found += answer["EventList"]
            if not answer["More"]:
                return found
            place = {"FromSequenceNumber": answer["NextSequenceNumber"]}

    def states(self, task_id: str) -> list[str]:
        """Return the states of a task's destinations."""
        return [destination["State"] for destination in self.describe(task_id)["Destinations"]]

    def until_running(self, task_id: str) -> None:
        """Wait until every destination of a task is running."""
        eventually(lambda: set(self.states(task_id)) == {"running"}, f"running: {task_id}")

    def until_ended(self, task_id: str, timeout: float = DEADLINE) -> dict[str, Any]:
        """Wait until a task has ended; return it."""
        eventually(lambda: self.describe(task_id)["State"] == ENDED, f"ended: {task_id}", timeout)
        return self.describe(task_id)


def _given(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
