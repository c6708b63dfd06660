"""The command line: help with examples, and exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from tailrace.cli.exits import CommandError, Exit, code_of
from tailrace.cli.main import app
from tailrace.errors import BusError, ConfigError, PeerError, TailraceError

COMMANDS = (
    ["serve"],
    ["demo"],
    ["init"],
    ["doctor"],
    ["urls"],
    ["usersig"],
    ["task", "start"],
    ["task", "update"],
    ["task", "stop"],
    ["task", "show"],
    ["task", "list"],
    ["room", "list"],
    ["room", "show"],
)


def tailrace(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tailrace", *words], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(command: list[str]) -> None:
    said = tailrace(*command, "--help")

    assert said.returncode == 0
    assert f"  tailrace {' '.join(command)}" in said.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_of_eighty_columns(command: list[str]) -> None:
    # Typer wraps the lines of these paragraphs once more where they are longer: ragged text, examples in two pieces.
    found = get_command(app)
    for word in command:
        assert isinstance(found, TyperGroup)
        found = found.commands[word]
    paragraphs = (found.help or "").split("\n\n")[1:]

    assert max(len(line) for paragraph in paragraphs for line in paragraph.splitlines()) <= 78


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TailraceError("x"), Exit.FAILED),
        (PeerError("x"), Exit.FAILED),
        (ConfigError("x"), Exit.CONFIG),
        (BusError("x"), Exit.UNREACHABLE),
        (CommandError("x", Exit.IN_USE), Exit.IN_USE),
    ],
)
def test_an_error_has_its_exit_code(error: TailraceError, code: Exit) -> None:
    assert code_of(error) is code


def test_every_exit_code_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()

    for code in Exit:
        assert f"| {int(code)} |" in text


def test_an_unknown_command_is_wrong_usage() -> None:
    assert tailrace("serv").returncode == Exit.USAGE


def test_without_a_server_a_command_says_in_one_line_how_to_start_one(tmp_path: Path) -> None:
    said = tailrace("task", "list", "--data", str(tmp_path))

    assert said.returncode == Exit.CONFIG
    assert said.stderr.count("\n") == 1
    assert "tailrace init" in said.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["start"],
        ["start", "studio", "alice"],
        ["start", "studio", "--push", "rtmp://a/live/secret"],
        ["start", "studio", "alice", "--mix", "--push", "rtmp://a/live/secret"],
        ["start", "studio", "alice", "--layout", "grid", "--push", "rtmp://a/live/secret"],
        ["start", "studio", "--mix", "--layout", "circle", "--push", "rtmp://a/live/secret"],
        ["start", "studio", "--mix", "--window", "alice", "--push", "rtmp://a/live/secret"],
        ["start", "studio", "--request", "start.json"],
        ["update", "id", "--layout", "grid", "--request", "update.json"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_wrong_usage(words: list[str]) -> None:
    said = tailrace("task", *words)

    assert said.returncode == Exit.USAGE
    assert "secret" not in said.stdout + said.stderr
