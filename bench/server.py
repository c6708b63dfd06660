"""Server: a whole `tailrace serve` on free ports, and the official Python SDK as its client."""

import json
import os
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import trtc_client

from bench import proc
from bench.program import Program
from bench.webrtc_client import Place
from tailrace.cli import addresses
from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig
from tailrace.wire.cloud.client import Credentials

ROOM, USER, REGION = "bench", "anna", "ap-singapore"
_READY_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Its processes. `children` relay, one task each."""

    control: int
    ingest: int
    worker: int
    bus: tuple[int, ...]
    children: tuple[int, ...]


class Server:
    """`with Server(folder) as server:` is ready; `started_in` says how many seconds that took, from exec.

    `settings` are environment variables.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self.started_in = 0.0
        self._relays = 0

    def __enter__(self) -> Self:
        ready = self._folder / "ready.json"
        command = ["-m", "tailrace", "serve", "--data", str(self._folder / "data"), "--ready-file", str(ready)]
        free = {f"TAILRACE_LISTEN__{name}": "0" for name in ("HTTP", "MEDIA_HTTP", "RTMP", "WEBRTC")}
        # What is measured is not what a worker would take: forty relays, or three mixes, are too much for two cores.
        limits = {"TAILRACE_LIMITS__REQUESTS_PER_SECOND": "0", "TAILRACE_WORKER__MAX_CPU": "0"}
        env = os.environ | free | limits | self._settings
        self._folder.mkdir(parents=True)
        began = time.monotonic()
        self._program = Program([sys.executable, *command], env, self._folder / "log").__enter__()
        while not ready.exists():
            if not self._program.running or time.monotonic() - began > _READY_WITHIN:
                self._program.end()
                raise RuntimeError(f"tailrace serve was not ready: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.001)
        self.started_in = time.monotonic() - began
        self.addresses: dict[str, Any] = json.loads(ready.read_text())
        config = tomllib.loads(Path(self.addresses["config"]).read_text())
        self._account, self._app = config["account"][0], config["app"][0]
        self.sdk_app_id = SdkAppId(self._app["sdk_app_id"])
        return self

    def __exit__(self, *error: object) -> None:
        self._program.end()

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return proc.tree(self._program.pid)

    @property
    def host(self) -> str:
        """Host and port of the API."""
        return str(urlsplit(self.addresses["http"]).netloc)

    @property
    def credentials(self) -> Credentials:
        """The account's key."""
        return Credentials(self._account["secret_id"], Secret(self._account["secret_key"]))

    def parts(self) -> Parts:
        """Return which process is which, by what it listens on and whom it started."""
        control = proc.listener(int(urlsplit(self.addresses["http"]).port or 0))
        ingest = proc.listener(int(urlsplit(self.addresses["rtmp"]).port or 0))
        nats = proc.listener(int(urlsplit(self.addresses["nats"]).port or 0))
        roles = proc.children(self._program.pid)
        bus = next(role for role in roles if nats in proc.tree(role))
        worker = next(role for role in roles if role not in (control, ingest, bus))
        relays = tuple(child for zygote in proc.children(worker) for child in proc.children(zygote))
        return Parts(control, ingest, worker, tuple(proc.tree(bus)), relays)

    def push_url(self, user: str = USER) -> str:
        """Return an address that publishes `user` into ROOM."""
        query = urlencode({"sdkappid": self.sdk_app_id, "userid": user, "usersig": self._user_sig(user)}, safe="*-_")
        return f"{self.addresses['rtmp']}/push/{ROOM}?{query}"

    def whip(self, user: str = USER) -> Place:
        """Return where `user` publishes into ROOM by WHIP."""
        return Place(self._web("pub", user), self._user_sig(user))

    def whep(self, viewer: str, user: str = USER) -> Place:
        """Return where `viewer` watches `user` by WHEP."""
        return Place(self._web("sub", viewer, user), self._user_sig(viewer))

    def _web(self, what: str, user: str, whom: str = "") -> str:
        path = addresses.whip_path(what, ROOM, user, self.sdk_app_id, remoteuserid=whom)
        return f"{self.addresses['media_http'].rstrip('/')}{path}"

    def _user_sig(self, user: str) -> str:
        return usersig.make(self.sdk_app_id, Secret(self._app["key"]), UserId(user), int(time.time()), 3600).reveal()

    def client(self, *, keep_alive: bool = False) -> "Client":
        """Return the SDK's client; by default it opens a connection for each call."""
        return Client(self, keep_alive)

    def next_robot(self) -> str:
        """Return a user id for one more relay's robot."""
        self._relays += 1
        return f"robot-{self._relays}"


class Client:
    """The calls of a relay, made by the official SDK."""

    def __init__(self, server: Server, keep_alive: bool) -> None:
        self._server = server
        key = server.credentials
        http = HttpProfile(protocol="http", endpoint=server.host, keepAlive=keep_alive)
        profile = ClientProfile(httpProfile=http)
        self._sdk = trtc_client.TrtcClient(
            credential.Credential(key.secret_id, key.secret_key.reveal()), REGION, profile
        )

    def start(self, *urls: str) -> str:
        """Start a relay of USER to `urls`; its TaskId."""
        source = {"UserMediaStream": {"UserInfo": {"UserId": USER}, "StreamType": 0}}
        video = {"Width": 1280, "Height": 720, "Fps": 30, "BitRate": 1500, "Gop": 2}
        return self._start(urls, {"WithTranscoding": 0, "SingleSubscribeParams": source}, video, audio_kbps=64)

    def start_mix(self, url: str, video: dict[str, int], audio_kbps: int) -> str:
        """Start a mix of all that are in ROOM, in a grid, to `url`; its TaskId. `video` is VideoEncode."""
        return self._start((url,), {"WithTranscoding": 1}, video, audio_kbps, layout={"MixLayoutMode": 3})

    def _start(
        self,
        urls: Sequence[str],
        what: dict[str, Any],
        video: dict[str, int],
        audio_kbps: int,
        layout: dict[str, int] | None = None,
    ) -> str:
        audio = {"SampleRate": 48000, "Channel": 2, "BitRate": audio_kbps, "Codec": 0}
        parameters = {
            "RoomId": ROOM,
            "RoomIdType": 1,
            "AgentParams": {"UserId": self._server.next_robot()},
            "AudioParams": {"AudioEncode": audio},
            "VideoParams": {"VideoEncode": video} | ({"LayoutParams": layout} if layout else {}),
            "PublishCdnParams": [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in urls],
            **what,
        }
        return str(self._call("StartPublishCdnStream", parameters)["TaskId"])

    def stop(self, task_id: str) -> None:
        """Stop a relay."""
        self._call("StopPublishCdnStream", {"TaskId": task_id})

    def _call(self, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = self._sdk.call_json(action, {"SdkAppId": self._server.sdk_app_id, **parameters})
        response: dict[str, Any] = answer["Response"]
        return response
