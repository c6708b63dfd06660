"""The examples run as they are."""

import json
import subprocess
import sys
from pathlib import Path

from tests.harness.served import Served
from tests.harness.waiting import eventually

EXAMPLES = Path(__file__).parents[3] / "examples"
README = Path(__file__).parents[3] / "README.md"


def test_the_example_with_the_official_sdk_starts_a_relay_and_stops_it(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        words = ["studio", "alice", served.live_url("example"), "--seconds", "0", "--data", str(served.data)]
        said = subprocess.run(
            [sys.executable, str(EXAMPLES / "relay.py"), *words], capture_output=True, text=True, timeout=30, check=True
        ).stdout

        started, stopped = (line.split() for line in said.splitlines())
        assert (started[0], stopped[0]) == ("started", "stopped")
        assert started[1] == stopped[1]
        assert f"{started[1]}" in served.command("task", "list", "--state", "ended").stdout


def test_the_example_of_a_mix_starts_changes_and_stops_it(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        words = ["studio", "alice", served.live_url("example"), "--seconds", "0", "--data", str(served.data)]
        said = subprocess.run(
            [sys.executable, str(EXAMPLES / "mix.py"), *words], capture_output=True, text=True, timeout=30, check=True
        ).stdout

        lines = [line.split() for line in said.splitlines()]
        assert [line[0] for line in lines] == ["started", "changed", "stopped"]
        (task_id,) = {line[1] for line in lines}
        shown = json.loads(served.command("task", "show", task_id, "--json").stdout)["TaskList"][0]
        assert (shown["State"], shown["SequenceNumber"], shown["Revision"]) == ("ended", 1, 1)


def test_the_code_in_the_readme_runs_with_the_keys_put_in(tmp_path: Path) -> None:
    code = README.read_text().partition("```python\n")[2].partition("```")[0]

    with Served(tmp_path) as served:
        code = code.replace("<secret_id>", served.account["secret_id"])
        code = code.replace("<secret_key>", served.account["secret_key"])
        code = code.replace("127.0.0.1:8930", served.ready["http"].rpartition("/")[2])
        subprocess.run([sys.executable, "-c", code], timeout=30, check=True)

        assert "studio" in served.command("task", "list", "--state", "ended").stdout


def test_push_urls_may_come_from_standard_input(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        urls = "\n".join(served.live_url(name) for name in ("key-1", "key-2"))
        task_id = served.command("task", "start", "studio", "alice", "--push", "-", stdin=urls).stdout.strip()

        shown = json.loads(served.command("task", "show", task_id, "--json").stdout)
        assert [entry["Url"] for entry in shown["TaskList"][0]["Destinations"]] == urls.splitlines()
        assert served.command("task", "stop", task_id).returncode == 0


def test_the_commands_show_rooms_tasks_and_addresses_of_a_running_server(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        push = served.live_url("x")
        started = served.command("task", "start", "studio", "alice", "--push", push)
        assert started.returncode == 0, started.stderr
        task_id = started.stdout.strip()

        showing = served.command("task", "show", task_id)
        assert showing.returncode == 0, showing.stderr
        shown = showing.stdout
        assert "alice" in shown
        assert "/live/x" not in shown, "a stream key is shown"
        # The task's child comes into the room in its own time.
        eventually(lambda: "relay_" in served.command("room", "list").stdout, "the robot in the list of rooms")
        assert "robot" in served.command("room", "show", "studio").stdout
        assert served.ready["rtmp"] in served.command("urls", "studio", "alice").stdout
        assert served.command("usersig", "alice").stdout.startswith("eJ")
        assert served.command("task", "stop", task_id).stdout == f"Stopped {task_id}\n"
        assert served.command("task", "stop", task_id).returncode == 0, "a second stop is harmless"

        unknown = served.command("task", "stop", "nothing")
        assert unknown.returncode == 1
        assert unknown.stderr.startswith("tailrace: StopPublishCdnStream: ResourceNotFound")
        nobody = served.command("room", "show", "empty")
        assert (nobody.returncode, nobody.stderr) == (
            1,
            "tailrace: nobody is in a room empty; see: tailrace room list\n",
        )
