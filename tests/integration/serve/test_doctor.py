"""`tailrace doctor`: well where all is well, and each fault with its way out."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tailrace.cli import sample
from tests.harness.served import Served

FREE = {f"TAILRACE_LISTEN__{name}": "0" for name in ("HTTP", "MEDIA_HTTP", "RTMP")}


def doctor(data: Path, **settings: str) -> tuple[int, dict[str, str], list[str]]:
    """Return the exit status, what was found by check, and the names of what is not well."""
    said = subprocess.run(
        [sys.executable, "-m", "tailrace", "doctor", "--json", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **FREE, **settings},
    )
    found = json.loads(said.stdout)
    texts = {finding["check"]: finding["text"] for finding in found}
    return said.returncode, texts, [finding["check"] for finding in found if not finding["well"]]


def test_a_good_installation_is_well(tmp_path: Path) -> None:
    status, found, bad = doctor(tmp_path)

    assert (status, bad) == (0, [])
    assert "with H.264 and AAC" in found["ffmpeg"]
    assert "nats-server" in found["nats-server"]


def test_a_port_in_use_and_a_file_that_others_may_read_are_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    sample.write(data / "tailrace.toml")
    (data / "tailrace.toml").chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, found, bad = doctor(data, TAILRACE_LISTEN__HTTP=str(port))

    assert (status, bad) == (1, ["configuration", "ports"])
    assert "chmod 600" in found["configuration"]
    assert "set TAILRACE_LISTEN__HTTP to another one" in found["ports"]


def test_the_workers_of_a_running_server_tell_what_room_they_have_left(tmp_path: Path) -> None:
    room = {"TAILRACE_WORKER__MAX_TASKS": "7", "TAILRACE_WORKER__MAX_CPU": "0.9", "TAILRACE_WORKER__MAX_MEMORY": "0"}
    with Served(tmp_path, **room) as served:
        said = served.command("doctor", "--json")

    (text,) = [finding["text"] for finding in json.loads(said.stdout) if finding["check"] == "room left"]
    assert re.search(r" has 0 tasks, and room for 7 tasks, \d+\.\d cores$", text)


def test_a_server_without_a_worker_is_not_well(tmp_path: Path) -> None:
    with Served(tmp_path, roles=["bus", "control"]) as served:
        said = served.command("doctor", "--json")

    assert said.returncode == 1
    (finding,) = [finding for finding in json.loads(said.stdout) if finding["check"] == "room left"]
    assert not finding["well"]
    assert "no worker is there" in finding["text"]


def test_a_mistake_in_the_configuration_is_found(tmp_path: Path) -> None:
    (tmp_path / "tailrace.toml").write_text("[listen]\nhtpp = 1\n")

    status, found, bad = doctor(tmp_path)

    assert status == 1
    assert "configuration" in bad
    assert "did you mean listen.http?" in found["configuration"]
