"""What the pages point at is there: files, headings, commands of the Makefile and of the command line."""

import re
import shlex
from pathlib import Path

import pytest

from tests.docs.codes import ROOT
from tests.docs.command_table import commands

PAGES = sorted(
    {ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")}
)
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
MENTION = re.compile(r"`((?:moderation|consent|provenance|policies|tests|docs)/[\w./-]+)`")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in LINK.findall(text(page)):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_named_in_a_page_exists(page: Path) -> None:
    missing = [name for name in MENTION.findall(text(page)) if not (ROOT / name.split("::")[0]).exists()]
    missing = [
        name for name in missing if not (ROOT / f"{name.rpartition('.')[0]}.py").exists()
    ]  # module.function
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_named_in_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    inline = re.findall(r"`make ([a-z-]+)", text(page))
    shown = re.findall(r"^ {4}make ((?:[a-z-]+ )*[a-z-]+)", text(page), re.MULTILINE)
    named = {*inline, *shown}
    assert {word for names in named for word in names.split()} <= targets


def command_lines(page: Path) -> list[list[str]]:
    """The `safeconduct` commands in a page's code, as words up to a comment."""
    lines = re.findall(r"^ {4}(?:\.venv/bin/)?(safeconduct .+)$", text(page), re.MULTILINE)
    inline = re.findall(r"`(safeconduct [a-z][^`]*)`", text(page))
    return [shlex.split(line.replace("…", ""), comments=True) for line in (*lines, *inline)]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "cli.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_safeconduct_command_in_a_page_is_one_with_those_options(page: Path) -> None:
    known = {command.name: command for command in commands()}
    groups = {name.rpartition(" ")[0] for name in known}
    for words in command_lines(page):
        name = next((n for n in (" ".join(words[:3]), " ".join(words[:2])) if n in known), None)
        if name is None:
            assert " ".join(words[:2]) in groups or words[1].startswith("-"), (
                f"{page.name}: {' '.join(words)}"
            )
            continue
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        allowed = {flag for one in known[name].parameters for flag in one.name.split(", ")} | {"--help"}
        assert options <= allowed, f"{page.name}: {' '.join(words)}"


def test_the_readme_shows_how_to_run_test_and_read() -> None:
    readme = text(ROOT / "README.md")
    assert "\n    make run\n" in readme
    assert "\n    make test\n" in readme
    assert "```mermaid" in readme
    assert "## How to read a decision" in readme


def test_every_page_is_reached_from_the_readme() -> None:
    linked = {(ROOT / target).resolve() for target, _ in LINK.findall(text(ROOT / "README.md"))}
    listed = {page for page in PAGES if page.parent.name == "docs"}
    assert listed <= linked


def test_every_design_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(folder.glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert page.name in text(folder / "README.md")
        for part in ("**Context.**", "**Decision.**", "**Alternatives.**", "**Consequences.**"):
            assert part in text(page), f"{page.name} lacks {part}"
