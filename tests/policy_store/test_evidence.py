"""What must be shown before a revision rules: its own tests pass, and somebody looked at what it changes or said why not."""

import threading
from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from moderation.policy.errors import PolicyNotBacktested, PolicyReasonMissing, PolicyTestsFailed
from moderation.policy.evidence import BACKTEST_MAX_AGE_MS, Evidence
from moderation.policy.lifecycle import Act, add, make_active, to_rollout
from moderation.policy.store import active_revision, stored_document
from moderation.policy.tables import PolicyBacktest, PolicyChange, PolicyState
from moderation.steering.backtest import keep_backtest, report_to_plain, run_backtest
from moderation.store import Database
from policies.document import parse_document
from policies.lifecycle.states import LifecycleState
from policies.lifecycle.trial import Trial, TrialStatus
from policies.taxonomy import Verdict
from tests.support.steering import TITLE, decided, judged, titles

FIRST, SECOND, THIRD = titles("review"), titles("block"), titles("allow")
IN_WORDS = titles(
    "block", tests="{said: {text: a lighthouse, expect: allow}, found: {findings: [], expect: allow}}"
)
FAILING = titles("block", tests="{a: {findings: [{signal: work.named}], expect: review}}")


def act(at_ms: int = 10) -> Act:
    return Act("acct_policy", "the tests want it", at_ms)


def stored(session: Session, text: str) -> str:
    return add(session, text, name="titles", act=act(1)).revision


def begun(session: Session) -> str:
    """The first policy rules."""
    revision = stored(session, FIRST)
    make_active(session, revision, act(1), Evidence())
    return revision


def backtested(session: Session, revision: str, *, at_ms: int) -> PolicyBacktest:
    against = active_revision(session)
    report = run_backtest(session, stored_document(session, revision), stored_document(session, against))
    return keep_backtest(session, report, against, since_ms=0, actor="acct_policy", now_ms=at_ms)


def last_change(session: Session, revision: str) -> PolicyChange:
    """The step that made it rule."""
    ruling = select(PolicyChange).where(PolicyChange.revision == revision)
    return session.exec(ruling.where(col(PolicyChange.after).in_(["active", "rollout"]))).one()


Step = Callable[[Session, str, Evidence], bool]


def activates(session: Session, revision: str, evidence: Evidence, at_ms: int = 10) -> bool:
    return make_active(session, revision, act(at_ms), evidence)


def rolls_out(session: Session, revision: str, evidence: Evidence) -> bool:
    return to_rollout(session, revision, 10, act(), evidence)


@pytest.mark.parametrize("step", [activates, rolls_out])
def test_what_nobody_backtested_does_not_begin_to_rule(sqlite_database: Database, step: Step) -> None:
    with sqlite_database.transaction() as session:
        first, second = begun(session), stored(session, SECOND)
        with pytest.raises(PolicyNotBacktested, match="policy backtest REVISION") as refused:
            step(session, second, Evidence())
        assert refused.value.code == "policy.not_backtested"
        kept = backtested(session, second, at_ms=9)
        assert step(session, second, Evidence())
        assert last_change(session, second).backtest_id == kept.id
        assert kept.against == first


def test_a_backtest_against_another_policy_or_of_long_ago_does_not_count(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        begun(session)
        second, third = stored(session, SECOND), stored(session, THIRD)
        backtested(session, third, at_ms=9)
        backtested(session, second, at_ms=9)
        with pytest.raises(PolicyNotBacktested):
            activates(session, second, Evidence(), at_ms=9 + BACKTEST_MAX_AGE_MS)
        assert activates(session, second, Evidence(), at_ms=8 + BACKTEST_MAX_AGE_MS)
        with pytest.raises(PolicyNotBacktested):  # it was against the first
            activates(session, third, Evidence())


def test_a_backtest_is_waived_in_words_which_are_kept(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        begun(session)
        second = stored(session, SECOND)
        with pytest.raises(PolicyReasonMissing, match="say why"):
            activates(session, second, Evidence(waived="   "))
        assert activates(session, second, Evidence(waived="a court's order of today"))
        change = last_change(session, second)
        assert (change.waived, change.backtest_id) == ("a court's order of today", "")


def test_a_document_whose_own_tests_fail_does_not_rule_whatever_is_waived(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        begun(session)
        failing = stored(session, FAILING)
        with pytest.raises(PolicyTestsFailed, match=r"a: failed: expected review, got block \(works\)"):
            activates(session, failing, Evidence(waived="in a hurry"))


def test_tests_in_words_count_as_they_were_brought_and_those_in_findings_are_run_again(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        begun(session)
        revision = stored(session, IN_WORDS)
        lie = Trial("found", TrialStatus.FAILED, "brought, and not believed")
        failed = Trial("said", TrialStatus.FAILED, "expected allow, got review")
        with pytest.raises(PolicyTestsFailed, match="expected allow, got review"):
            activates(session, revision, Evidence((failed,), waived="x"))
        assert activates(session, revision, Evidence((lie,), waived="no model here"))
        change = last_change(session, revision)
        assert (change.tests_passed, change.tests_not_run) == (1, 1)


def test_a_backtest_reads_what_people_decided_on_the_record(database: Database) -> None:
    """On each machine decision the last word of a person; of machine decisions that nobody looked at only the flips."""
    with database.transaction() as session:
        first, second = begun(session), stored(session, SECOND)
        document = parse_document(FIRST, name="titles")
        for number, human in enumerate([Verdict.BLOCK, Verdict.BLOCK, Verdict.ALLOW, None]):
            decided(session, judged(document, TITLE), of=f"gen_{number}", human=human, now_ms=5)
        decided(session, judged(document), of="gen_9", now_ms=1)
        tried, standing = stored_document(session, second), stored_document(session, first)
        report = run_backtest(session, tried, standing)
        assert (report.decisions, report.decided, len(report.flips)) == (5, 3, 4)
        assert (report.after.blocks.right, report.after.blocks.wrong) == (2, 1)
        plain = report_to_plain(report)
        assert plain["after"]["blocks"]["recall"]["value"] == 1.0
        assert plain["before"]["blocks"]["precision"] is None
        assert run_backtest(session, tried, standing, since_ms=2).decisions == 4


def test_two_who_activate_at_the_same_moment_leave_one_policy_and_a_whole_history(database: Database) -> None:
    with database.transaction() as session:
        begun(session)
        revisions = [stored(session, SECOND), stored(session, THIRD)]
    start = threading.Barrier(2)

    def run(revision: str) -> None:
        start.wait(30)
        with database.transaction() as session:
            make_active(session, revision, act(20), Evidence(waived="a race"))

    threads = [threading.Thread(target=run, args=(revision,)) for revision in revisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as session:
        active = session.exec(
            select(PolicyState).where(PolicyState.state == LifecycleState.ACTIVE.value)
        ).one()
        assert active.revision in revisions
        assert active.previous == (set(revisions) - {active.revision}).pop()
        steps = session.exec(select(PolicyChange).where(PolicyChange.at_ms == 20)).all()
        assert len(steps) == 4  # each began to rule, and each retired what ruled
