"""A whole ingest process on free ports."""

import json
import multiprocessing
import os
import time
import urllib.request
from collections.abc import Mapping
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from tailrace.config import Account, App, Config, Listen, Rooms
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.ingest import app
from tailrace.secret import Secret
from tailrace.wire import usersig

APP = SdkAppId(1400000001)
KEY = Secret("a key for tests only")
LOST_AFTER = 1.0


def make_config(**ingest: Any) -> Config:
    """One app, free ports on loopback."""
    account = Account(app_id=1, secret_id="id", secret_key=Secret("key"))
    return Config(
        listen=Listen(http=0, media_http=0, rtmp=0, webrtc=0),
        account=(account,),
        app=(App(sdk_app_id=APP, account=1, key=KEY),),
        rooms=Rooms(lost_after=LOST_AFTER),
        ingest=ingest,
    )


def _run(config: Config, bus_url: Secret, pipe: Pipe) -> None:
    app.main(config, bus_url, lambda addresses: pipe.send(dict(addresses)))


class IngestProcess:
    """`with IngestProcess(nats_url) as ingest:` runs one; `stop()` ends it in order."""

    def __init__(self, bus_url: Secret, config: Config | None = None) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, there = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(config or make_config(), bus_url, there))
        self.rtmp = self.http = self.webrtc = ""

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def __enter__(self) -> "IngestProcess":
        self._process.start()
        if not self._pipe.poll(20):
            self._process.kill()
            raise TimeoutError("ingest was not ready within 20 s")
        addresses: Mapping[str, str] = self._pipe.recv()
        self.rtmp, self.http, self.webrtc = addresses["rtmp"], addresses["media_http"], addresses["webrtc"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """SIGTERM, and wait; killed after 10 s."""
        self._process.terminate()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.join()

    def cpu_seconds(self) -> float:
        """User and system time that it has used so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory that it holds now (Linux)."""
        return self._memory("VmRSS")

    def peak_bytes(self) -> int:
        """Most memory that it has held so far (Linux)."""
        return self._memory("VmHWM")

    def push(self, room: str, user: str, *, sig: str = "", **fields: str) -> str:
        """A URL that publishes `user` into `room`."""
        sig = sig or self.token(user)
        query = {"sdkappid": str(APP), "userid": user, "usersig": sig, **fields}
        return f"{self.rtmp}/push/{room}?{urlencode(query, safe='*-_')}"

    def whip(self, room: str, user: str, **fields: str) -> str:
        """The address that publishes `user` into `room` over WHIP; its bearer token is `token(user)`."""
        query = urlencode({"SessionID": user, **fields})
        return f"{self.http}/v2/pub/{APP}/{quote(room, safe='')}?{query}"

    def token(self, user: str) -> str:
        """A UserSig of `user`."""
        return usersig.make(APP, KEY, UserId(user), int(time.time()), 3600).reveal()

    def live(self, name: str) -> str:
        """A URL of the built-in CDN."""
        return f"{self.rtmp}/live/{name}"

    def flv(self, name: str) -> str:
        """A URL of HTTP-FLV."""
        return f"{self.http}/live/{name}.flv"

    def streams(self) -> list[dict[str, Any]]:
        """What `GET /live` says."""
        with urllib.request.urlopen(f"{self.http}/live", timeout=5) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
            return listed

    def stream(self, name: str) -> dict[str, Any]:
        """The newest stream of this name, or nothing."""
        return next((entry for entry in reversed(self.streams()) if entry["name"] == name), {})

    def _memory(self, field: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def stream_of(room: str, user: str, *, numeric: bool = False, type: StreamType = StreamType.MAIN) -> Stream:  # noqa: A002
    """The stream that `push` publishes."""
    return Stream(Room(APP, room, numeric), UserId(user), type)
