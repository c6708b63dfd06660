"""Files: which names lead to a file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.control.console.files import FOLDER, INDEX, find


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files that may be had, and some that may not."""
    inside = tmp_path / "static"
    (inside / "deeper").mkdir(parents=True)
    for name in ("a.js", "deeper/b.css", "secret.py", ".hidden.js", "no_suffix"):
        (inside / name).write_text(name)
    (tmp_path / "outside.js").write_text("outside")
    return inside


@pytest.mark.parametrize("name", ["a.js", "deeper/b.css"])
def test_pages_are_found(folder: Path, name: str) -> None:
    assert find(name, folder) == folder / name


@pytest.mark.parametrize(
    "name", ["../outside.js", "secret.py", ".hidden.js", "no_suffix", "deeper", "", "/a.js", "a.js\n", "deeper/../a.js"]
)
def test_nothing_else_is(folder: Path, name: str) -> None:
    assert find(name, folder) is None


@given(st.text(alphabet="ab./\\%-\0\n") | st.text())
def test_no_name_leads_out(name: str) -> None:
    found = find(name)

    assert found is None or FOLDER in found.parents


def test_the_page_is_there() -> None:
    assert find(INDEX) is not None
