"""Janus: the WebRTC server in C that is most used to take publishers in, with a bridge that lets WHIP reach it.

Its video room takes each publisher, and forwards the packets as plain RTP to a UDP port that nobody reads: what we do
with them, which is to hand them to nats-server, costs it something comparable. The bridge turns one POST into its JSON
API; it runs in the benchmark's process and counts for nobody.
"""

import contextlib
import http.server
import itertools
import json
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from bench.program import Program
from bench.webrtc_client import Place

_LIBRARIES: Final = ("/usr/lib/x86_64-linux-gnu/janus", "/usr/lib/aarch64-linux-gnu/janus", "/usr/lib/janus")
_READY_WITHIN: Final = 10.0
_ANSWERS_WITHIN: Final = 15.0
_MAX_OFFER: Final = 65536
_ROOM: Final = 1234
_CONFIG = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{libraries}/events"
    loggers_folder = "{libraries}/loggers"
    debug_level = 3
    session_timeout = 0
    protected_folders = []
}}
nat: {{ ice_lite = true, full_trickle = false }}
media: {{ ipv6 = false }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
"""
_HTTP = 'general: {{ json = "compact", base_path = "/janus", http = true, port = {port}, ip = "127.0.0.1" }}\n'
_VIDEO_ROOM = """
room-{room}: {{
    publishers = 100
    bitrate = 0
    audiocodec = "opus"
    videocodec = "h264"
    h264_profile = "42e01f"
    notify_joining = false
}}
"""


def missing() -> str:
    """Return why Janus cannot run here, or nothing."""
    if shutil.which("janus") is None:
        return "Janus is not installed (Debian: apt install janus)"
    return "" if _libraries() else "the plugins of Janus are not where Debian has them"


class Janus:
    """`with Janus(folder) as janus:`: one process on free ports, and the bridge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = itertools.count()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._program.pid

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        libraries = _libraries()
        assert libraries is not None
        with contextlib.ExitStack() as stack:
            # Bound, and never read: what the buffer does not hold the kernel throws away.
            self._nobody = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self._nobody.bind(("127.0.0.1", 0))
            self._write(libraries)
            log = self._folder / "log"
            command = ["janus", "-F", str(self._folder), "-C", str(self._folder / "janus.jcfg"), "-o"]
            self._program = stack.enter_context(Program(command, log=log))
            self._api = f"http://127.0.0.1:{self._port}/janus"
            deadline = time.monotonic() + _READY_WITHIN
            while not self._answers():
                if not self._program.running or time.monotonic() > deadline:
                    raise RuntimeError(f"Janus was not ready: {log.read_text()[-1000:]}")
                time.sleep(0.05)
            bridge = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
            stack.callback(bridge.server_close)
            thread = threading.Thread(target=bridge.serve_forever, kwargs={"poll_interval": 0.1}, name="bridge")
            thread.start()
            stack.callback(thread.join)
            stack.callback(bridge.shutdown)
            self._url = f"http://127.0.0.1:{bridge.server_address[1]}"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def place(self, user: str) -> Place:
        """Return where `user` publishes."""
        return Place(f"{self._url}/whip/{user}")

    def subscription(self) -> Place:
        """Return where one gets the offer to watch the first publisher (GET), and posts the answer."""
        return Place(f"{self._url}/watch")

    def publish(self, offer: str) -> str:
        """Take a publisher in, and return the answer. Raises RuntimeError."""
        handle = self._attach()
        name = next(self._names)
        join = {
            "request": "joinandconfigure",
            "room": _ROOM,
            "ptype": "publisher",
            "display": str(name),
            "id": name + 1,
        }
        jsep = self._message(handle, join, {"type": "offer", "sdp": offer})["jsep"]["sdp"]
        streams = [
            {"mid": mid, "host": "127.0.0.1", "host_family": "ipv4", "port": self._nobody.getsockname()[1]}
            for mid in ("0", "1")
        ]
        forward = {"request": "rtp_forward", "room": _ROOM, "publisher_id": name + 1, "streams": streams}
        done = self._post(handle, {"janus": "message", "body": {**forward, "host": "127.0.0.1"}})
        if done.get("plugindata", {}).get("data", {}).get("videoroom") != "rtp_forward":
            raise RuntimeError(f"Janus does not forward: {done}")
        return str(jsep)

    def subscribe(self) -> str:
        """Return Janus' offer to one who watches the first publisher. Raises RuntimeError."""
        self._watching = self._attach()
        join = {"request": "join", "room": _ROOM, "ptype": "subscriber", "streams": [{"feed": 1}]}
        return str(self._message(self._watching, join)["jsep"]["sdp"])

    def start(self, answer: str) -> str:
        """Give Janus the answer of the one who watches. Raises RuntimeError."""
        self._message(self._watching, {"request": "start", "room": _ROOM}, {"type": "answer", "sdp": answer})
        return ""

    def _attach(self) -> str:
        session = self._post("", {"janus": "create"})["data"]["id"]
        plugin = self._post(f"/{session}", {"janus": "attach", "plugin": "janus.plugin.videoroom"})
        return f"/{session}/{plugin['data']['id']}"

    def _message(self, handle: str, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """Send a message; return the event that answers it."""
        self._post(handle, {"janus": "message", "body": body, **({"jsep": jsep} if jsep else {})})
        deadline = time.monotonic() + _ANSWERS_WITHIN
        while time.monotonic() < deadline:
            event = self._get(handle.rpartition("/")[0])
            if event.get("janus") == "event":
                if "error" in event.get("plugindata", {}).get("data", {}):
                    raise RuntimeError(f"Janus refuses: {event}")
                return event
        raise RuntimeError("Janus does not answer")

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(self._api + path, json.dumps({"transaction": "bench", **body}).encode())
        with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN) as answer:
            said: dict[str, Any] = json.load(answer)
        if said.get("janus") == "error":
            raise RuntimeError(f"Janus refuses: {said}")
        return said

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._api}{path}?maxev=1", timeout=2 * _ANSWERS_WITHIN) as answer:
            said = json.load(answer)
        event: dict[str, Any] = said[0] if isinstance(said, list) and said else said
        return event if isinstance(event, dict) else {}

    def _answers(self) -> bool:
        try:
            return "name" in self._get("/info")
        except OSError:
            return False

    def _write(self, libraries: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        plugins = [path.name for path in (libraries / "plugins").glob("*.so") if "videoroom" not in path.name]
        transports = [path.name for path in (libraries / "transports").glob("*.so") if "http" not in path.name]
        config = _CONFIG.format(
            folder=self._folder, libraries=libraries, plugins=",".join(plugins), transports=",".join(transports)
        )
        (self._folder / "janus.jcfg").write_text(config)
        (self._folder / "janus.transport.http.jcfg").write_text(_HTTP.format(port=self._port))
        (self._folder / "janus.plugin.videoroom.jcfg").write_text(_VIDEO_ROOM.format(room=_ROOM))


def _libraries() -> Path | None:
    return next((Path(path) for path in _LIBRARIES if Path(path, "plugins").is_dir()), None)


def _handler(janus: Janus) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(janus.subscribe)

        def do_POST(self) -> None:
            text = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), _MAX_OFFER)).decode()
            take = janus.start if self.path == "/watch" else janus.publish
            self._answer(lambda: take(text))

        def _answer(self, work: Callable[[], str]) -> None:
            try:
                status, answer = 201, work()
            except (RuntimeError, OSError, KeyError) as error:
                status, answer = 502, str(error)
            self.send_response(status)
            self.send_header("Content-Type", "application/sdp")
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
