"""The documentation names what the code does: every log message, at its level."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tailrace"


def messages() -> list[tuple[str, str]]:
    """Return level and message of every call of a module's `_log`."""
    found = set()
    for module in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="_log"), attr=level), args=[ast.Constant(value=str(text)), *_]
                ):
                    found.add(("error" if level == "exception" else level, text))
    return sorted(found)


@pytest.mark.parametrize(("level", "message"), messages())
def test_every_log_message_is_listed_at_its_level(level: str, message: str) -> None:
    text = (ROOT / "docs" / "logging.md").read_text()

    assert f"| {message} |" in text.partition(f"## {level}:")[2].partition("\n## ")[0]


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda page: str(page.name))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = [part.partition(")")[0] for part in page.read_text().split("](")[1:]]

    missing = [target for target in targets if "://" not in target and not leads(page, target)]
    assert missing == []


def leads(page: Path, target: str) -> bool:
    """Whether a link on `page` has its file there, and its heading in it."""
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in headings(file))


def headings(page: Path) -> set[str]:
    """Return the anchors that a page's headings make."""
    found = (line.lstrip("# ").lower() for line in page.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in found}


def test_the_architecture_names_modules_that_exist() -> None:
    words = (ROOT / "docs" / "architecture.md").read_text().split("`")[1::2]

    named = [word for word in words if word.endswith(".py") and "/" in word]
    assert len(named) > 20
    assert [word for word in named if not (SOURCE / word).exists()] == []
