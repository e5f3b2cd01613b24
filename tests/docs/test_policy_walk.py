"""docs/policy-lifecycle.md as policy staff would follow it: every command of the page, in order, with what it prints."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from moderation.gate.gate import Judgement, conclude, with_shadows
from moderation.policy.active import ActivePolicy
from moderation.store import Database, now_ms
from policies.findings import Finding
from policies.taxonomy import Category, Verdict
from tests.docs.codes import ROOT
from tests.support.commands import Ran, Shell, shell_at
from tests.support.policies import ADULT_AT_REQUEST, finding, report
from tests.support.steering import decided

PAGE = (ROOT / "docs" / "policy-lifecycle.md").read_text(encoding="utf-8")
PART = re.compile(r"^```(console|diff)\n(.*?)^```$|^<!-- walk: (.*?) -->$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"\s+# exit status (\d)$")
LATE = finding("figure.recently_dead", Category.PUBLIC_FIGURE)
PEOPLE = (Verdict.BLOCK, Verdict.BLOCK, Verdict.BLOCK, Verdict.BLOCK, Verdict.ALLOW)


def commands(block: str) -> Iterator[tuple[str, int, str]]:
    """Each command of a block, the status it ends with, and what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, printed = part.partition("\n")
        status = STATUS.search(line)
        yield STATUS.sub("", line), int(status[1]) if status else 0, printed


def prints(wanted: str, ran: Ran) -> bool:
    """Whether that is what was printed, on either stream; `…` stands for anything."""
    pattern = ".*?".join(map(re.escape, wanted.strip().split("…")))
    return re.fullmatch(pattern, (ran.err + ran.out).strip(), re.DOTALL) is not None


def edit(path: Path, change: str) -> None:
    """Apply a diff whose lines stand in the file once."""
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def run(shell: Shell, command: str) -> Ran:
    """One command of the page; `> FILE` keeps what it prints."""
    words = shlex.split(command)
    assert words[0] == "safeconduct"
    if words[-2:-1] != [">"]:
        return shell(*words[1:])
    ran = shell(*words[1:-2])
    (shell.home / words[-1]).write_text(ran.out, encoding="utf-8")
    return Ran(ran.status, "", ran.err)


def judged(database: Database, *findings: Finding) -> Judgement:
    """What the policies of now rule on these findings."""
    panel = ActivePolicy(database).panel()
    return with_shadows(panel, conclude(panel.active, ADULT_AT_REQUEST, (report(*findings),), 0))


def a_month(database: Database) -> None:
    """Requests of people who died lately, which reviewers decided, and of nobody."""
    late, nobody = judged(database, LATE), judged(database)
    with database.transaction() as session:
        for number in range(25):
            held = number < len(PEOPLE)
            _decide(session, late if held else nobody, number, PEOPLE[number] if held else None)


def a_day_of_traffic(database: Database) -> None:
    """More of the same, while a revision is in shadow."""
    late = judged(database, LATE)
    with database.transaction() as session:
        for number in range(30, 33):
            _decide(session, late, number, None)


def _decide(session: Session, judgement: Judgement, number: int, human: Verdict | None) -> None:
    decided(session, judgement, of=f"gen_{number}", human=human, now_ms=now_ms(session) - 60_000 + number)


EVENTS: dict[str, Callable[[Database], None]] = {"a day of traffic": a_day_of_traffic}


def test_the_walk_through_the_life_of_a_policy_is_as_the_page_says(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = shell_at(sqlite_database, tmp_path, monkeypatch)
    a_month(sqlite_database)
    walked = []
    for kind, block, event in PART.findall(PAGE):
        if event:
            EVENTS[event](sqlite_database)
        elif kind == "diff":
            edit(shell.home / "mine.yaml", block)
        else:
            for command, status, printed in commands(block):
                ran = run(shell, command)
                assert prints(printed, ran), f"$ {command}\n{ran.err}{ran.out}"
                assert ran.status == status, command
                walked.append(shlex.split(command)[2])
    assert walked == [
        "show", "check", "check", "test", "test", "diff", "activate", "backtest", "shadow", "list", "rollout", "activate",
        "rollback", "diff",
    ]  # fmt: skip
