"""The page of the invariants names all of them, and every test it names attacks something."""

import re

import pytest

from tests.docs.codes import ROOT

PAGE = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE))
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE)))


def test_all_eleven_have_their_row() -> None:
    assert [int(number) for number in ROWS] == list(range(1, 12))


@pytest.mark.parametrize("number", ROWS)
def test_each_is_attacked(number: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py`", ROWS[number])


@pytest.mark.parametrize("name", NAMED)
def test_what_attacks_it_is_there(name: str) -> None:
    assert "def test_" in (ROOT / name).read_text(encoding="utf-8")


def test_every_attack_is_on_the_page() -> None:
    files = (ROOT / "tests" / "invariants").glob("test_*.py")
    assert {f"tests/invariants/{file.name}" for file in files} <= set(NAMED)
