"""`safeconduct hold`: placed, listed and lifted from the machine itself."""

import pytest

from moderation.legal.holds import list_holds
from tests.support.commands import Shell
from tests.support.rows import generation


def test_a_hold_is_placed_listed_and_lifted(shell: Shell) -> None:
    with shell.database.transaction() as session:
        session.add(generation())
    placed = shell("hold", "place", "generation", "gen_1", "--reference", "court-17", "--json").json
    assert (placed["effect"], placed["reference"], placed["placed_by"]) == ("stop", "court-17", "operator")
    assert "court-17" in shell("hold", "list").out
    assert shell("hold", "list", "--json").lines == [placed]
    assert placed["id"] in shell("hold", "lift", placed["id"]).out
    assert shell("hold", "list", "--json").out == ""
    assert shell("hold", "list", "--all", "--json").lines[0]["lifted_by"] == "operator"


def test_all_of_many_are_listed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_holds, "__kwdefaults__", {"all_": False, "after": None, "limit": 2})
    with shell.database.transaction() as session:
        session.add(generation())
    placed = [
        shell("hold", "place", "generation", "gen_1", "--reference", f"court-{number}", "--json").json
        for number in range(3)
    ]
    assert shell("hold", "list", "--json").lines == placed


def test_one_that_only_preserves_says_so(shell: Shell) -> None:
    with shell.database.transaction() as session:
        session.add(generation())
    more = ("--reference", "court-17", "--preserve-only", "--json")
    assert shell("hold", "place", "generation", "gen_1", *more).json["effect"] == "preserve"


def test_what_is_not_there_is_refused_in_one_line(shell: Shell) -> None:
    refused = shell("hold", "place", "likeness", "lik_nowhere", "--reference", "court-17")
    assert (refused.status, refused.out) == (2, "")
    assert "lik_nowhere" in refused.err
