"""What must have been shown before a revision begins to rule: its own tests pass, and its backtest was looked at or waived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session, col, select

from moderation.policy.errors import PolicyNotBacktested, PolicyReasonMissing, PolicyTestsFailed
from moderation.policy.store import stored_document
from moderation.policy.tables import PolicyBacktest
from policies.lifecycle.trial import Trial, TrialStatus, try_document

BACKTEST_MAX_AGE_MS = 7 * 24 * 3600 * 1000
"""A week: what people asked for last month says little of what they ask for today."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the caller brings: the trials of the document's tests in words (those in findings are run again here), and the
    reason for which no backtest is needed, empty where one was made."""

    trials: Sequence[Trial] = ()
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found: tests that passed and that could not be run, the backtest that counts, or why there is none."""

    passed: int = 0
    not_run: int = 0
    backtest_id: str = ""
    waived: str = ""


NONE_NEEDED = Tried()


class _When(Protocol):
    @property
    def at_ms(self) -> int: ...


def require_evidence(session: Session, revision: str, active: str, evidence: Evidence, act: _When) -> Tried:
    """What shows that `revision` may rule in the place of `active`. Raises `PolicyTestsFailed`, `PolicyNotBacktested`."""
    trials = _trials(session, revision, evidence.trials)
    passed = sum(trial.status is TrialStatus.PASSED for trial in trials)
    not_run = len(trials) - passed
    if not active:
        return Tried(passed, not_run, waived="the first policy")
    if evidence.waived:
        return Tried(passed, not_run, waived=_in_words(evidence.waived))
    backtest = latest_backtest(session, revision, active, after_ms=act.at_ms - BACKTEST_MAX_AGE_MS)
    if backtest is None:
        raise PolicyNotBacktested(
            "within the last week nobody looked at what it would change against the active revision",
            field="revision",
            value=revision,
            remedy="run `safeconduct policy backtest REVISION`, or say why not with --waive-backtest",
        )
    return Tried(passed, not_run, backtest_id=backtest.id)


def latest_backtest(
    session: Session, revision: str, active: str, *, after_ms: int = 0
) -> PolicyBacktest | None:
    """The newest backtest of `revision` against `active`, made after."""
    statement = (
        select(PolicyBacktest)
        .where(
            PolicyBacktest.revision == revision,
            PolicyBacktest.against == active,
            col(PolicyBacktest.at_ms) > after_ms,
        )
        .order_by(col(PolicyBacktest.at_ms).desc(), col(PolicyBacktest.id).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def _trials(session: Session, revision: str, brought: Sequence[Trial]) -> Sequence[Trial]:
    """The outcome of every test: in words as it was brought, else as it comes out now. Raises `PolicyTestsFailed`."""
    words = {trial.name: trial for trial in brought}
    document = stored_document(session, revision)
    trials = [
        words.get(trial.name, trial) if trial.status is TrialStatus.NOT_RUN else trial
        for trial in try_document(document)
    ]
    failed = [trial for trial in trials if trial.status is TrialStatus.FAILED]
    if failed:
        raise PolicyTestsFailed(
            "; ".join(str(trial) for trial in failed),
            field="tests",
            remedy="correct the document, or the test if it asks for the wrong thing",
        )
    return trials


def _in_words(waived: str) -> str:
    if not waived.strip():
        raise PolicyReasonMissing(
            "a backtest is waived for a reason, in words", field="waive_backtest", remedy="say why"
        )
    return waived.strip()
