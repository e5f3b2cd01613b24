"""`safeconduct policy`: the steps as staff take them, and what they read when one cannot be taken.

The walk through all of them is tested with its page, docs/policy-lifecycle.md.
"""

import json
import re
from pathlib import Path

import pytest

from moderation.policy.floods import note_flood
from moderation.policy.tables import PolicyRow
from moderation.store import now_ms
from policies.document import parse_document, shipped_text
from policies.evaluation.intervals import Share
from tests.support.commands import Shell
from tests.support.policies import SHIPPED
from tests.support.steering import titles

WHY = ("--reason", "the tests want it")
WAIVED = (*WHY, "--waive-backtest", "nothing is recorded yet")


def write(shell: Shell, text: str, name: str = "mine.yaml") -> tuple[str, str]:
    """A file on this machine, and its revision."""
    path = shell.home / name
    path.write_text(text, encoding="utf-8")
    return str(path), parse_document(text, name=name).revision


def states(shell: Shell) -> dict[str, str]:
    """Where each revision stands."""
    return {row["revision"]: row["state"] for row in shell("policy", "list", "--json").json["revisions"]}


def test_a_draft_is_stored_and_changes_nothing(shell: Shell) -> None:
    path, revision = write(shell, titles("block"))
    assert shell("policy", "add", path).out == f"{revision} is a draft\n"
    assert states(shell) == {SHIPPED.revision: "active", revision: "draft"}
    assert shell("policy", "show", revision[7:13]).out == titles("block")
    shown = shell("policy", "show", revision, "--json").json
    assert (shown["revision"], shown["name"], shown["document"]) == (revision, "small", titles("block"))


def test_the_shipped_document_is_shown_as_it_was_written_with_its_comments(shell: Shell) -> None:
    assert shell("policy", "show").out == shell("policy", "show", "shipped").out == shipped_text()


def test_the_schema_is_printed_for_editors(shell: Shell) -> None:
    printed = shell("policy", "schema")
    assert json.loads(printed.out) == shell("policy", "schema", "--json").json
    assert json.loads(printed.out)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("name", ["nowhere.yaml", "sha256:000000000000", "abc", "", "rollout", "sha256:"])
@pytest.mark.parametrize("command", ["show", "test", "retire"])
def test_a_name_that_means_no_policy_is_said_to(shell: Shell, command: str, name: str) -> None:
    refused = shell("policy", command, name, *(WHY if command == "retire" else ()))
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("safeconduct: policy.unknown: revision: ")
    assert "`safeconduct policy list` shows the revisions" in refused.err


def test_a_beginning_that_several_revisions_have_names_none(shell: Shell) -> None:
    with shell.database.transaction() as session:
        for digits in ("abcd00000001", "abcd00000002"):
            row = PolicyRow(revision=f"sha256:{digits}", name="p", document=titles("block"), added_ms=1)
            session.add(row)
    refused = shell("policy", "show", "abcd")
    assert (refused.status, refused.out) == (2, "")
    assert "several stored policies begin so" in refused.err
    assert shell("policy", "show", "abcd00000002").status == 0


@pytest.mark.parametrize("percent", ["0", "101", "-5"])
def test_a_share_is_between_1_and_100(shell: Shell, percent: str) -> None:
    path, _ = write(shell, titles("block"))
    refused = shell("policy", "rollout", *WAIVED, "--", path, percent)
    assert refused.status == 2
    assert "policy.step: percent: a rollout is to 1 to 100 per cent of the accounts" in refused.err


def test_only_one_revision_is_rolled_out_at_a_time(shell: Shell) -> None:
    (first, one), (second, _) = (
        write(shell, titles("block", note=note), f"{note}.yaml") for note in ("a", "b")
    )
    assert shell("policy", "rollout", first, "10", *WAIVED, "--json").json == {
        "revision": one,
        "name": "small",
        "state": "rollout",
        "percent": 10,
    }
    assert (
        shell("policy", "rollout", first, "50", *WAIVED).out
        == f"{one} is in rollout for 50 % of the accounts\n"
    )
    refused = shell("policy", "rollout", second, "10", *WAIVED)
    assert refused.status == 2
    assert f"{one} is in rollout" in refused.err
    assert shell("policy", "diff", "rollout", first).out == "0 changes\n"


def test_every_step_wants_a_reason_in_words(shell: Shell) -> None:
    path, _ = write(shell, titles("block"))
    assert shell("policy", "shadow", path).status == 2
    refused = shell("policy", "shadow", path, "--reason", "  ")
    assert "policy.reason: reason: every change of a policy is kept with its reason" in refused.err
    assert shell("policy", "shadow", path, *WHY).status == 0


def test_the_active_revision_is_neither_retired_nor_put_into_shadow(shell: Shell) -> None:
    for command in ("retire", "shadow"):
        refused = shell("policy", command, "active", *WHY)
        assert refused.status == 2
        assert "without one nothing can be judged" in refused.err
    assert states(shell) == {SHIPPED.revision: "active"}


def test_there_is_nothing_to_roll_back_to_before_the_second_policy(shell: Shell) -> None:
    refused = shell("policy", "rollback", *WHY)
    assert refused.status == 2
    assert refused.err.startswith("safeconduct: policy.no_previous: ")


def test_what_a_document_switches_off_is_said_when_it_is_stored_and_only_what_is_new(shell: Shell) -> None:
    text = shipped_text().replace("work.named: {verdict: review}", "work.named: {verdict: allow}", 1)
    path, _ = write(shell, text)
    stored = shell("policy", "add", path)
    assert stored.err.count("warning:") == 1
    assert "work.named: switched off (allow); findings are recorded and have no effect" in stored.err
    assert stored.out.endswith(" is a draft\n")


def test_a_threshold_of_0_is_off_and_says_so(shell: Shell) -> None:
    text, done = re.subn(
        r"(  frame\.text:\n(?:.*\n)+?      hate: )\{.*\}", r"\1{review: 0, block: 0}", shipped_text(), count=1
    )
    assert done
    path, _ = write(shell, text)
    said = "frame.text / hate: the threshold for review and block is off (0); findings have no effect"
    assert said in shell("policy", "check", path).out
    assert said in shell("policy", "add", path).err
    changes = shell("policy", "diff", "active", path).out.splitlines()
    assert [line.rpartition(" -> ")[2] for line in changes] == ["0 (looser)", "0 (looser)", "2 changes"]


def test_a_flood_is_listed_with_what_was_done_and_why(shell: Shell) -> None:
    with shell.database.transaction() as session:
        note_flood(
            session, revision=SHIPPED.revision, rule="work.named", now=Share(40, 100), usual=Share(1, 1000),
            outcome="told", why="the rule stands above every document", now_ms=now_ms(session),
        )  # fmt: skip
    listed = shell("policy", "list").out
    assert f"FLOOD work.named of {SHIPPED.revision} blocks 40.0 % (40 of 100" in listed
    assert ": told, the rule stands above every document" in listed
    [flood] = shell("policy", "list", "--json").json["floods"]
    assert (flood["rule"], flood["outcome"]) == ("work.named", "told")


def test_a_flood_guard_that_is_off_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "flood guard is off" not in shell("policy", "list").out
    monkeypatch.setenv("SAFECONDUCT_POLICY_FLOOD_FACTOR", "0")
    assert "The flood guard is off: SAFECONDUCT_POLICY_FLOOD_FACTOR is 0" in shell("policy", "list").out
    assert shell("policy", "list", "--json").json["flood_guard"] is False


def test_a_backtest_is_kept_with_what_it_showed(shell: Shell) -> None:
    path, revision = write(shell, titles("block"))
    kept = shell("policy", "backtest", path, "--json").json
    assert (kept["revision"], kept["against"], kept["decisions"]) == (revision, SHIPPED.revision, 0)
    assert kept["after"]["stops"] == {"precision": None, "recall": None, "f1": None}
    assert shell("policy", "activate", path, *WHY).out == f"{revision} is active\n"
    history = shell("policy", "list", "--json").json["history"]
    ruled = next(step for step in history if step["after"] == "active")
    assert (ruled["revision"], ruled["backtest_id"]) == (revision, kept["backtest"])


def test_a_document_of_another_encoding_is_refused_by_every_step(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: größe".encode("latin-1"))
    for command in ("add", "shadow", "backtest", "test"):
        refused = shell("policy", command, str(path), *(WHY if command == "shadow" else ()))
        assert refused.status == 2
        assert refused.err.startswith(
            "safeconduct: policy.invalid: latin.yaml:1: the policy cannot be read: byte"
        )
