"""Nginx: a real nginx with the RTMP module on a free port, as a CDN to push to and play from."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")

_CONFIG = """
load_module {module};
daemon off;
master_process off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        chunk_size 4096;
        application live {{ live on; record off; publish_notify on; }}
    }}
}}
"""


def nginx_missing() -> str:
    """Return why nginx with RTMP cannot run here, or nothing."""
    if shutil.which("nginx") is None:
        return "nginx is not installed"
    return "" if MODULE.exists() else f"nginx has no {MODULE.name}"


class Nginx:
    """`with Nginx(tmp_path) as nginx`: runs in the foreground as one process, and ends with the block."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._folder = folder

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = self._folder / "nginx.conf"
        config.write_text(_CONFIG.format(module=MODULE, folder=self._folder, port=self.port))
        self._process = subprocess.Popen(
            ["nginx", "-p", str(self._folder), "-c", str(config), "-e", str(self._folder / "error.log")],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError((self._folder / "error.log").read_text())
            time.sleep(0.02)
        return self

    def __exit__(self, *error: object) -> None:
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def url(self, name: str) -> str:
        """Return an address to push to and play from."""
        return f"rtmp://127.0.0.1:{self.port}/live/{name}"

    def freeze(self) -> None:
        """Let it do nothing any more, while its kernel still accepts connections."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def wait_for_log(self, text: str, timeout: float = 10.0) -> None:
        """Wait until nginx has logged `text`, such as a command of a client. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while text not in (self._folder / "error.log").read_text():
            if time.monotonic() > deadline:
                raise TimeoutError(f"nginx did not log {text!r}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False
