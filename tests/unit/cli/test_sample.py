"""Sample: written once, for its owner only."""

import stat
from pathlib import Path

import pytest

from tailrace.cli import sample
from tailrace.cli.exits import CommandError


def secrets_in(text: str) -> set[str]:
    lines = [line for line in text.splitlines() if line.partition(" ")[0] in ("secret_id", "secret_key", "key")]
    return {line.partition('"')[2].partition('"')[0] for line in lines}


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    sample.write(tmp_path / "new" / "t.toml")

    assert stat.S_IMODE((tmp_path / "new" / "t.toml").stat().st_mode) == 0o600


def test_no_two_files_share_a_secret() -> None:
    one, other = secrets_in(sample.text()), secrets_in(sample.text())

    assert len(one) == len(other) == 3
    assert not one & other


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("mine")

    with pytest.raises(CommandError, match="left as it is"):
        sample.write(file)

    assert file.read_text() == "mine"
