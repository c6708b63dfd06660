"""The embedded nats-server as a process."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tailrace.bus.embedded import EmbeddedServer
from tailrace.errors import BusError

# Starts a server, tells its pid, and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from tailrace.bus.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), by_kernel=sys.argv[2] == "kernel")
server.start()
server.wait_ready(10)
print(server.pid, flush=True)
sys.stdin.read()
"""


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody reaps does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not Path("/proc/self").exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until_gone(pid: int, deadline: float = 10.0) -> None:
    """Wait until process `pid` has ended."""
    end = time.monotonic() + deadline
    while runs(pid):
        assert time.monotonic() < end, f"process {pid} still runs"
        time.sleep(0.01)


def test_it_is_ready_soon_and_leaves_nothing_running(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    server.wait_ready(10)
    pid = server.pid
    server.stop()
    server.stop()
    assert not server.alive
    wait_until_gone(pid)


def test_its_credentials_are_in_a_private_file_only_and_last(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    server.wait_ready(10)
    first = server.url
    command = subprocess.run(
        ["ps", "-o", "args=", "-p", str(server.pid)], capture_output=True, text=True, check=True
    ).stdout
    server.stop()
    settings = tmp_path / "nats" / "nats-server.conf"
    password = json.loads(settings.read_text())["authorization"]["password"]
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert "nats-server" in command
    assert password not in command
    assert password not in (tmp_path / "nats" / "nats-server.log").read_text()
    again = EmbeddedServer(tmp_path)
    again.start()
    try:
        assert again.url.reveal() == first.reveal()
        assert password not in repr(again.url)
    finally:
        again.stop()


def test_a_second_one_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        with pytest.raises(BusError, match="another instance"):
            EmbeddedServer(tmp_path).start()
    finally:
        server.stop()
    third = EmbeddedServer(tmp_path)
    third.start()
    third.stop()


def test_it_takes_another_port_when_its_own_is_taken(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "a")
    server.start()
    server.wait_ready(10)
    other = EmbeddedServer(tmp_path / "b")
    other.start()
    other.stop()
    settings = tmp_path / "b" / "nats" / "nats-server.conf"
    taken = json.loads((tmp_path / "a" / "nats" / "nats-server.conf").read_text())["port"]
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "port": taken}))
    try:
        other = EmbeddedServer(tmp_path / "b")
        other.start()
        other.wait_ready(10)
        assert not other.url.reveal().endswith(f":{taken}")
    finally:
        other.stop()
        server.stop()


def test_what_keeps_it_from_starting_is_said(tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "store").write_text("a file where the store should be")
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        with pytest.raises(BusError, match="storage directory"):
            server.wait_ready(10)
    finally:
        server.stop()


@pytest.mark.parametrize("way", ["kernel", "pipe"])
def test_it_dies_with_its_parent_even_by_kill_9(tmp_path: Path, way: str) -> None:
    if way == "kernel" and sys.platform != "linux":
        pytest.skip("only Linux kills children by itself")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), way], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_until_gone(pid)
    server = EmbeddedServer(tmp_path)
    server.start()
    server.wait_ready(10)
    server.stop()
