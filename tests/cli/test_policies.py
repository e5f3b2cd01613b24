"""`safeconduct policy`, `replay` and `backtest`: a document is checked before it rules, and a ruling can be repeated."""

from pathlib import Path

import pytest
from sqlmodel import select

from moderation.gate.decisions import Decision, record_judgement
from moderation.policy.store import active_revision
from moderation.transparency.audit import AuditEntry
from policies.document import parse_document, shipped_text
from policies.taxonomy import Verdict
from tests.gate.test_decisions import judged
from tests.support.commands import Shell
from tests.support.subjects import request
from tests.support.tampering import lift_guards

SHIPPED = parse_document(shipped_text(), name="default.yaml")
WHY = ("--reason", "the tests want it", "--waive-backtest", "nothing is recorded yet")
LENIENT_LINE = "violence: {review: 0.99, block: 1.0}"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The shipped document as a file."""
    path = tmp_path / "shipped.yaml"
    path.write_text(shipped_text(), encoding="utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A document with two mistakes on known lines."""
    path = tmp_path / "broken.yaml"
    path.write_text("format: 1\nname: broken\nsignalls: {}\nsignals: 7\n", encoding="utf-8")
    return path


@pytest.fixture
def lenient(tmp_path: Path) -> Path:
    """The shipped document, which no longer minds an unlicensed likeness being asked for less strictly: text only reviews."""
    path = tmp_path / "lenient.yaml"
    path.write_text(softened(shipped_text()), encoding="utf-8")
    return path


def softened(text: str) -> str:
    """The document with a change that flips a block on violence to a review."""
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.lstrip().startswith("violence: {"))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at] = f"{indent}{LENIENT_LINE}\n"
    return "".join(lines)


def recorded(shell: Shell, generation: str = "gen_1", prompt: str = "a floor of blood") -> Decision:
    """A recorded machine decision."""
    with shell.database.transaction() as session:
        return record_judgement(session, generation, judged(request(prompt)), now_ms=5)


def test_a_good_document_is_valid_and_named_by_its_revision(shell: Shell, shipped: Path) -> None:
    checked = shell("policy", "check", str(shipped))
    assert checked.status == 0
    assert checked.out.startswith(f"shipped.yaml is valid, revision {SHIPPED.revision}\n")
    assert shell("policy", "check", str(shipped), "--json").json["revision"] == SHIPPED.revision


def test_a_broken_document_is_refused_with_every_mistake_its_line_and_a_hint(
    shell: Shell, broken: Path
) -> None:
    refused = shell("policy", "check", str(broken))
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("safeconduct: policy.invalid: broken.yaml:")
    assert "signalls" in refused.err
    assert "broken.yaml:4:" in refused.err
    assert refused.err.count("hint:") >= 2


@pytest.mark.parametrize("command", ["check", "activate"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: [", b"a: 1\na: 2\n", b"&a [*a]"])
def test_what_is_no_document_is_refused_and_changes_nothing(
    shell: Shell, tmp_path: Path, command: str, content: bytes
) -> None:
    path = tmp_path / "noise.yaml"
    path.write_bytes(content)
    refused = shell("policy", command, str(path), *(WHY if command == "activate" else ()))
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("safeconduct: policy.invalid: noise.yaml:")
    with shell.database.read() as session:
        assert active_revision(session) == SHIPPED.revision


def test_a_difference_says_where_and_in_which_direction(shell: Shell, lenient: Path) -> None:
    changes = shell("policy", "diff", "shipped", str(lenient), "--json").json
    assert changes
    assert all("violence" in change["path"] for change in changes)
    assert {change["effect"] for change in changes} == {"looser"}
    assert shell("policy", "diff", "active", str(lenient), "--json").json == changes
    shown = shell("policy", "diff", "shipped", str(lenient)).out
    assert shown.endswith(f"{len(changes)} changes\n")


def test_a_document_does_not_differ_from_itself(shell: Shell, shipped: Path) -> None:
    assert shell("policy", "diff", "active", str(shipped)).out == "0 changes\n"


def test_an_activated_document_rules_and_the_act_is_audited(shell: Shell, lenient: Path) -> None:
    revision = shell("policy", "check", str(lenient), "--json").json["revision"]
    answer = shell("policy", "activate", str(lenient), *WHY, "--json").json
    assert answer == {"revision": revision, "name": "default", "state": "active"}
    with shell.database.read() as session:
        assert active_revision(session) == revision
        rows = select(AuditEntry).where(AuditEntry.subject == revision)
        row = session.exec(rows.where(AuditEntry.act == "policy.activated")).one()
    assert (row.act, row.actor) == ("policy.activated", "operator")
    assert SHIPPED.revision in row.detail
    assert shell("policy", "activate", str(lenient), *WHY).out == f"{revision} is active\n"


def test_every_recorded_decision_replays_identically(shell: Shell) -> None:
    for number in range(3):
        recorded(shell, f"gen_{number}", "a floor of blood" if number else "a lighthouse")
    replayed = shell("replay", "--all", "--json")
    assert (replayed.status, replayed.json) == (0, {"decisions": 3, "identical": 3, "different": []})
    assert shell("replay", "--all").out == "3 decisions, 3 identical, 0 different\n"


def test_one_decision_or_one_generation_can_be_replayed(shell: Shell) -> None:
    decision = recorded(shell, "gen_1")
    recorded(shell, "gen_2")
    assert shell("replay", decision.id, "--json").json["decisions"] == 1
    assert shell("replay", "gen_2", "--json").json["decisions"] == 1
    assert shell("replay", decision.id, "gen_nowhere").status == 2


def test_a_decision_whose_body_was_altered_is_found_with_status_1(shell: Shell) -> None:
    decision = recorded(shell)
    altered = decision.body.replace('"verdict":"block"', '"verdict":"allow"')
    assert altered != decision.body
    with shell.database.transaction() as session:
        lift_guards(session, "decision")
        connection = session.connection()
        connection.exec_driver_sql("UPDATE decision SET body = ? WHERE id = ?", (altered, decision.id))
    found = shell("replay", "--all", "--json")
    assert found.status == 1
    [different] = found.json["different"]
    assert (different["id"], different["before"], different["verdict"]) == (decision.id, "allow", "block")


def test_old_decisions_replay_under_the_policy_they_were_ruled_under(shell: Shell, lenient: Path) -> None:
    recorded(shell)
    assert shell("policy", "activate", str(lenient), *WHY).status == 0
    assert shell("replay", "--all", "--json").json["identical"] == 1


def test_a_backtest_lists_the_verdicts_that_would_change(shell: Shell, lenient: Path) -> None:
    flipped = recorded(shell, "gen_1", "a floor of blood")
    recorded(shell, "gen_2", "a lighthouse")
    answer = shell("backtest", str(lenient), "--json")
    assert answer.status == 0
    assert (answer.json["decisions"], answer.json["flipped"]) == (2, 1)
    [flip] = answer.json["flips"]
    assert (flip["id"], flip["before"], flip["after"]) == (flipped.id, "block", Verdict.ALLOW.value)
    shown = shell("backtest", str(lenient)).out
    assert f"block -> allow by text.classifier:violence  {flipped.id} (request of gen_1)" in shown


def test_a_backtest_of_the_ruling_document_changes_nothing_and_activates_nothing(
    shell: Shell, shipped: Path, lenient: Path
) -> None:
    recorded(shell)
    assert shell("backtest", str(shipped), "--json").json["flips"] == []
    shell("backtest", str(lenient))
    with shell.database.read() as session:
        assert active_revision(session) == SHIPPED.revision
