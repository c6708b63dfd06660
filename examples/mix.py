"""Mix a room with the official Python SDK, change the layout, and stop: the code of a backend that calls TRTC.

    pip install tencentcloud-sdk-python-trtc
    python examples/mix.py ROOM HOST rtmp://cdn.example.com/live/key --seconds 30

First everybody has a window of the same size; after half of the time HOST fills the picture, and the others stand in
small windows before him.

Against Tencent Cloud only ENDPOINT, SCHEME and the keys would be others. Here they are taken from a running Tailrace:
its ready file (running.json in the data folder) and its configuration.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient


def main() -> None:
    """Mix everybody in ROOM to PUSH_URL for some seconds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("room")
    parser.add_argument("host", help="user who fills the picture in the second half")
    parser.add_argument("push_url")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--data", type=Path, default=Path.home() / ".local/share/tailrace", help="data folder")
    options = parser.parse_args()

    server = json.loads((options.data / "running.json").read_text())
    settings = tomllib.loads(Path(server["config"]).read_text())
    account, app = settings["account"][0], settings["app"][0]
    scheme, endpoint = urlsplit(server["http"])[:2]

    profile = ClientProfile(httpProfile=HttpProfile(protocol=scheme, endpoint=endpoint))
    client = TrtcClient(Credential(account["secret_id"], account["secret_key"]), "ap-guangzhou", profile)

    start = models.StartPublishCdnStreamRequest()
    start.from_json_string(
        json.dumps(
            {
                "SdkAppId": app["sdk_app_id"],
                "RoomId": options.room,
                "RoomIdType": 1,  # a string room; 0: a numeric one
                "AgentParams": {"UserId": f"mix_{options.room}", "MaxIdleTime": 30},
                "WithTranscoding": 1,
                "AudioParams": {"AudioEncode": {"SampleRate": 48000, "Channel": 2, "BitRate": 64, "Codec": 0}},
                "VideoParams": {
                    "VideoEncode": {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2},
                    "LayoutParams": {"MixLayoutMode": 3},  # a grid
                },
                "PublishCdnParams": [{"PublishCdnUrl": options.push_url, "IsTencentCdn": 0}],
            }
        )
    )
    task_id = client.StartPublishCdnStream(start).TaskId
    print(f"started {task_id}")
    try:
        time.sleep(options.seconds / 2)
        update = models.UpdatePublishCdnStreamRequest()
        update.from_json_string(
            json.dumps(
                {
                    "SdkAppId": app["sdk_app_id"],
                    "TaskId": task_id,
                    "SequenceNumber": 1,  # the next update of this task has a higher one
                    "WithTranscoding": 1,
                    # What is not named stays as it is: size, rate, sound, addresses.
                    "VideoParams": {
                        "LayoutParams": {
                            "MixLayoutMode": 1,  # floating
                            "MaxVideoUser": {"UserMediaStream": {"UserInfo": {"UserId": options.host}}},
                        }
                    },
                }
            )
        )
        client.UpdatePublishCdnStream(update)
        print(f"changed {task_id}")
        time.sleep(options.seconds / 2)
    finally:
        stop = models.StopPublishCdnStreamRequest()
        stop.SdkAppId, stop.TaskId = app["sdk_app_id"], task_id
        client.StopPublishCdnStream(stop)
        print(f"stopped {task_id}")


if __name__ == "__main__":
    main()
