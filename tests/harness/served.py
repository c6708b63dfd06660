"""Served: a whole `tailrace serve` with its processes, on free ports and a data folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig
from tests.harness.processes import children_of, marked
from tests.harness.waiting import eventually

# The first start of a machine that is busy with other tests; 0.6 s on a quiet one.
START_WITHIN = 30.0
STOP_WITHIN = 30.0
_SETTINGS = {
    "TAILRACE_LISTEN__HTTP": "0",
    "TAILRACE_LISTEN__MEDIA_HTTP": "0",
    "TAILRACE_LISTEN__RTMP": "0",
    "TAILRACE_LISTEN__WEBRTC": "0",
    "TAILRACE_LIMITS__REQUESTS_PER_SECOND": "0",
    "TAILRACE_LOG__LEVEL": "debug",  # "role started" has the process ids
    "TAILRACE_LOG__FORMAT": "json",
    # A publisher whose process died counts as there for so long; the default of 10 s would only make tests wait.
    "TAILRACE_ROOMS__LOST_AFTER": "2",
    # What else runs on the machine shall not decide whether a test's tasks are taken.
    "TAILRACE_WORKER__MAX_CPU": "0",
}


class Served:
    """`with Served(folder) as served:`; at the end it is stopped in order and must leave no process behind.

    `settings` are environment variables. A second Served on the same folder goes on with what the first one stored.
    """

    def __init__(self, folder: Path, roles: Sequence[str] = (), **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log_file = folder / f"serve-{uuid.uuid4().hex[:8]}.log"
        self.ready: dict[str, Any] = {}
        self._ready_file = folder / "ready.json"
        self._mark = f"SERVED_BY_TEST={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        self._environment = {**os.environ, **_SETTINGS, **settings, name: value}
        self._roles = [word for role in roles for word in ("--role", role)]

    def __enter__(self) -> Self:
        # No ready file of an earlier one may be taken for ours.
        self._ready_file.unlink(missing_ok=True)
        files = ["--data", str(self.data), "--ready-file", str(self._ready_file)]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tailrace", "serve", *files, *self._roles],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        try:
            eventually(self._is_ready, "the ready file", START_WITHIN)
        except BaseException:
            self.kill()
            raise
        self.ready = json.loads(self._ready_file.read_text())
        config = tomllib.loads(Path(self.ready["config"]).read_text())
        self.account, self.app = config["account"][0], config["app"][0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            status = self.stop()
            assert status == 0, f"exit status {status}:\n{self.log()[-4000:]}"
        if left := self.left():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"processes left behind: {left}\n{self.log()[-4000:]}")

    def stop(self) -> int:
        """SIGTERM, and wait; return the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {STOP_WITHIN:g} s:\n{self.log()[-4000:]}") from None

    def kill(self) -> None:
        """SIGKILL for the supervisor, and wait until all that it had started has ended too."""
        self.process.kill()
        self.process.wait()
        try:
            eventually(lambda: not self.left(), "the end of all processes of a killed server", STOP_WITHIN)
        except AssertionError:
            for pid in self.left():
                os.kill(pid, signal.SIGKILL)
            raise

    def left(self) -> list[int]:
        """Return the ids of its processes that live."""
        return marked(self._mark)

    def log(self) -> str:
        """Return what it has logged so far."""
        return self.log_file.read_text(errors="replace")

    def entries(self, event: str) -> list[dict[str, Any]]:
        """Return the log's entries of one message."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line.get("event") == event]

    def role(self, name: str) -> int:
        """Return the process id of a role: control, worker, ingest or bus."""
        return next(int(e["pid"]) for e in reversed(self.entries("role started")) if e["role"] == name)

    def children(self) -> list[int]:
        """Return the process ids of the tasks that run: the children of the worker's forking process."""
        return [pid for zygote in children_of(self.role("worker")) for pid in children_of(zygote)]

    def nats(self) -> int:
        """Return the process id of the nats-server itself."""
        return children_of(self.role("bus"))[0]

    def kill_role(self, name: str, by: signal.Signals = signal.SIGKILL) -> None:
        """End a role by a signal, and wait until another process has taken its place and serves."""
        pid = self.role(name)
        served = len(self.entries("role ready"))
        os.kill(pid, by)
        eventually(lambda: len(self.entries("role ready")) > served, f"{name} started again")

    def bus_url(self) -> str:
        """Return the address of its nats-server with the credentials, for roles that run elsewhere."""
        settings = json.loads((self.data / "nats" / "nats-server.conf").read_text())
        rights = settings["authorization"]
        return f"nats://{rights['user']}:{rights['password']}@127.0.0.1:{settings['port']}"

    def publish_url(self, room: str, user: str, **fields: object) -> str:
        """Return where `user` publishes into `room`; `use_number_room_id=1` and `streamtype=1` choose other places."""
        query = {"sdkappid": self.app["sdk_app_id"], "userid": user, "usersig": self.token(user), **fields}
        return f"{self.ready['rtmp']}/push/{room}?{urlencode(query, safe='*-_')}"

    def whip_url(self, room: str, user: str, **fields: object) -> str:
        """Return where `user` publishes into `room` over WHIP, with `token(user)`."""
        query = urlencode({"SessionID": user, **fields})
        return f"{self.ready['media_http']}/v2/pub/{self.app['sdk_app_id']}/{room}?{query}"

    def token(self, user: str) -> str:
        """Return a UserSig."""
        app, now = SdkAppId(self.app["sdk_app_id"]), int(time.time())
        return usersig.make(app, Secret(self.app["key"]), UserId(user), now, 3600).reveal()

    def live_url(self, name: str) -> str:
        """Return an address of the built-in CDN, to push to and to play from."""
        return f"{self.ready['rtmp']}/live/{name}"

    def live(self, name: str) -> dict[str, Any]:
        """Return what the built-in CDN knows of the newest stream of this name; nothing if there was none."""
        with urllib.request.urlopen(f"{self.ready['media_http']}/live", timeout=5) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
        return next((entry for entry in reversed(listed) if entry["name"] == name), {})

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `tailrace` command against this server, with `stdin` on its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "tailrace", *words, "--data", str(self.data)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            env=self._environment,
            check=False,
        )

    def forget(self) -> None:
        """Remove the data folder."""
        shutil.rmtree(self.data)

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"ended with status {self.process.returncode} before it served:\n{self.log()[-4000:]}")
        return self._ready_file.exists()
