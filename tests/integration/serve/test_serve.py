"""`tailrace serve`, the whole of it: what it writes, what it survives, and how it refuses to start."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.harness.served import Served
from tests.harness.waiting import eventually


def is_ready(served: Served) -> bool:
    try:
        with urllib.request.urlopen(f"{served.ready['http']}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def missing(served: Served) -> list[str]:
    """Return which parts /readyz misses."""
    answer = httpx.get(f"{served.ready['http']}/readyz", timeout=5)
    parts = answer.json()
    assert answer.status_code == (200 if all(parts.values()) else 503)
    return [name for name, there in parts.items() if not there]


def serve(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a serve that is expected to refuse."""
    free = {f"TAILRACE_LISTEN__{name}": "0" for name in ("HTTP", "MEDIA_HTTP", "RTMP", "WEBRTC")}
    return subprocess.run(
        [sys.executable, "-m", "tailrace", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **free, **settings},
    )


def test_the_ready_file_names_what_serves_and_is_gone_after_an_orderly_end(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        ready = served.ready
        assert set(ready) == {"http", "media_http", "rtmp", "webrtc", "nats", "config", "pid"}
        assert ready["pid"] == served.process.pid
        assert json.loads((served.data / "running.json").read_text()) == ready
        assert is_ready(served)
        for key in ("http", "media_http", "rtmp", "nats"):
            host, _, port = ready[key].rpartition("//")[2].rpartition(":")
            socket.create_connection((host, int(port)), timeout=2).close()

        assert served.stop() == 0

        assert not (tmp_path / "ready.json").exists()
        assert not (served.data / "running.json").exists()


def test_a_first_start_writes_a_configuration_for_its_owner_only_and_shows_no_key(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        file = Path(served.ready["config"])
        assert file == served.data / "tailrace.toml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        eventually(lambda: served.account["secret_id"] in served.log(), "the table of addresses and keys")
        said = served.log()
        assert served.account["secret_key"] not in said
        assert served.app["key"] not in said


def test_every_role_and_nats_server_may_be_killed_and_comes_back_where_it_was(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        for role in ("control", "ingest", "worker"):
            served.kill_role(role)
        os.kill(served.nats(), signal.SIGKILL)
        eventually(lambda: len(served.entries("role ready")) == 8, "the bus started again")

        # The same addresses as before: nobody who knew them has to be told.
        eventually(lambda: is_ready(served), "readiness after the bus was killed")
        for key in ("http", "media_http", "rtmp", "nats"):
            host, _, port = served.ready[key].rpartition("//")[2].rpartition(":")
            socket.create_connection((host, int(port)), timeout=2).close()
        ends = [(entry["role"], entry["how"]) for entry in served.entries("role restarts")]
        assert ends == [
            ("control", "signal SIGKILL"),
            ("ingest", "signal SIGKILL"),
            ("worker", "signal SIGKILL"),
            ("bus", "exit status 1"),
        ]


@pytest.mark.parametrize("role", ["ingest", "worker"])
def test_a_role_that_stands_still_is_missed_until_it_goes_on(tmp_path: Path, role: str) -> None:
    with Served(tmp_path) as served:
        assert missing(served) == []
        os.kill(served.role(role), signal.SIGSTOP)
        try:
            eventually(lambda: missing(served) == [role], f"{role} missed")
        finally:
            os.kill(served.role(role), signal.SIGCONT)
        eventually(lambda: missing(served) == [], f"{role} back")


def test_roles_that_run_nowhere_are_missed(tmp_path: Path) -> None:
    with Served(tmp_path, roles=["bus", "control"]) as served:
        assert missing(served) == ["ingest", "worker"]


def test_a_killed_supervisor_takes_all_with_it_and_the_folder_serves_again(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.kill()  # checks that nothing is left
    with Served(tmp_path) as served:
        assert is_ready(served)


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        refused = serve("--data", str(served.data))

        assert refused.returncode == 5
        assert refused.stderr == (
            f"tailrace: another tailrace serves from {served.data} (process {served.process.pid}); "
            "stop it, or choose another folder with --data\n"
        )


def test_a_port_in_use_is_named_with_the_key_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = serve("--data", str(tmp_path), TAILRACE_LISTEN__RTMP=str(port))

    assert refused.returncode == 5
    assert refused.stderr == (
        f"tailrace: cannot listen on 127.0.0.1 port {port} (listen.rtmp): Address already in use; stop what uses it, "
        "or set TAILRACE_LISTEN__RTMP to another port, 0 for a free one\n"
    )


def test_a_udp_port_in_use_is_named_with_the_key_to_change(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = serve("--data", str(tmp_path), TAILRACE_LISTEN__WEBRTC=str(port))

    assert refused.returncode == 5
    assert refused.stderr == (
        f"tailrace: cannot listen on 127.0.0.1 port {port} (listen.webrtc): Address already in use; stop what uses it, "
        "or set TAILRACE_LISTEN__WEBRTC to another port, 0 for a free one\n"
    )


def test_a_data_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused = serve("--data", str(tmp_path / "file"))

    assert refused.returncode == 5
    assert refused.stderr.count("\n") == 1
    assert "choose another one with --data" in refused.stderr


def test_a_role_without_a_bus_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    refused = serve("--data", str(tmp_path), "--role", "control")

    assert refused.returncode == 3
    assert "set bus.url" in refused.stderr


def test_a_role_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    refused = serve("--data", str(tmp_path), "--role", "controll")

    assert refused.returncode == 2
    assert "controll is not one of" in refused.stderr


def test_roles_of_two_supervisors_work_together_over_one_bus(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Served(tmp_path / "one", roles=["bus"]) as first:
        rights = json.loads((first.data / "nats" / "nats-server.conf").read_text())["authorization"]
        url = f"nats://{rights['user']}:{rights['password']}@{first.ready['nats'].rpartition('/')[2]}"

        with Served(tmp_path / "two", roles=["control", "worker", "ingest"], TAILRACE_BUS__URL=url) as second:
            assert is_ready(second)
            assert second.ready["nats"] == first.ready["nats"]
            assert rights["password"] not in second.log()
