"""Nginx: the RTMP server that peers pull from, and the CDN that all push to while their cost is measured."""

import re
import shutil
import socket
import time
from pathlib import Path
from typing import Self

from bench.program import Program

_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
# One worker, as the others have one process; its log of connections says what each publisher has brought.
_CONFIG = """
load_module {module};
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
rtmp {{
    access_log {folder}/access.log;
    server {{
        listen 127.0.0.1:{port};
        chunk_size 4096;
        application live {{ live on; }}
    }}
}}
"""
_READY_WITHIN = 10.0
_LOGGED = re.compile(r'PUBLISH "live" "(?P<name>[^"]+)" "[^"]*" - (?P<bytes>\d+) ')


def missing() -> str:
    """Return why nginx with RTMP cannot run here, or nothing."""
    if shutil.which("nginx") is None:
        return "nginx is not installed"
    return "" if _MODULE.exists() else f"nginx has no {_MODULE.name}"


class Nginx:
    """`with Nginx(folder) as nginx`: one process on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._folder = folder

    @property
    def pid(self) -> int:
        """The process id."""
        return self._program.pid

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config, errors = self._folder / "nginx.conf", self._folder / "error.log"
        config.write_text(_CONFIG.format(module=_MODULE, folder=self._folder, port=self.port))
        command = ["nginx", "-p", str(self._folder), "-c", str(config), "-e", str(errors)]
        self._program = Program(command).__enter__()
        deadline = time.monotonic() + _READY_WITHIN
        while not self._answers():
            if not self._program.running or time.monotonic() > deadline:
                self._program.end()
                raise RuntimeError(f"nginx was not ready: {errors.read_text() if errors.exists() else ''}")
            time.sleep(0.02)
        return self

    def __exit__(self, *error: object) -> None:
        self._program.end()

    def url(self, name: str) -> str:
        """Return an address to push to and play from."""
        return f"rtmp://127.0.0.1:{self.port}/live/{name}"

    def received(self) -> dict[str, int]:
        """Return the bytes that each publisher that has gone has brought."""
        log = (self._folder / "access.log").read_text()
        return {match["name"]: int(match["bytes"]) for match in _LOGGED.finditer(log)}

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0
