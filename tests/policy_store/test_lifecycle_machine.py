"""The life of revisions, tried by a machine that takes any step at any time: what must hold after each one."""

from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from moderation.policy.errors import (
    NothingToRollBack,
    PolicyNotBacktested,
    PolicyStepRefused,
    PolicyTestsFailed,
    PolicyUnknown,
)
from moderation.policy.evidence import Evidence
from moderation.policy.lifecycle import (
    MAX_SHADOWS,
    Act,
    add,
    make_active,
    retire,
    roll_back,
    to_rollout,
    to_shadow,
)
from moderation.policy.store import PolicyMissing, ruling_revision
from moderation.policy.tables import PolicyChange, PolicyState
from moderation.steering.backtest import keep_backtest, run_backtest
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from policies.document import parse_document
from policies.lifecycle.states import LifecycleState, may_follow
from tests.support.steering import titles

S = LifecycleState
TEXTS = [titles("review", note=f"number {number}") for number in range(4)]
FAILING = titles("review", note="its test fails", tests="{a: {findings: [], expect: block}}")
DOCUMENTS = {parse_document(text, name="p").revision: text for text in (*TEXTS, FAILING)}
NEVER = parse_document(FAILING, name="p").revision
revisions = st.sampled_from(sorted(DOCUMENTS))


class Life(RuleBasedStateMachine):
    """The database, beside a model of it: where each revision stands, and which was active before."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(self.database.engine)
        self.states: dict[str, LifecycleState] = {}
        self.percent = 0
        self.begun = False
        self.tried: set[tuple[str, str]] = set()
        self.now = 1

    def act(self) -> Act:
        self.now += 1
        return Act("acct_policy", "the machine wants it", self.now)

    def active(self) -> str:
        return next((name for name, state in self.states.items() if state is S.ACTIVE), "")

    def rollout(self) -> str:
        return next((name for name, state in self.states.items() if state is S.ROLLOUT), "")

    def shown(self, revision: str, waived: str) -> bool:
        """Whether it may begin to rule, by its tests and its backtest."""
        backtested = not self.active() or bool(waived) or (revision, self.active()) in self.tried
        return revision != NEVER and backtested

    @rule(revision=revisions)
    def add(self, revision: str) -> None:
        add(self.session, DOCUMENTS[revision], name="p", act=self.act())
        self.states.setdefault(revision, S.DRAFT)

    @rule(revision=revisions)
    def backtest(self, revision: str) -> None:
        if self.active():
            tried, standing = (parse_document(DOCUMENTS[one], name="p") for one in (revision, self.active()))
            report = run_backtest(self.session, tried, standing)
            keep_backtest(
                self.session, report, standing.revision, since_ms=0, actor="a", now_ms=self.act().at_ms
            )
            self.tried.add((revision, self.active()))

    @rule(revision=revisions)
    def shadow(self, revision: str) -> None:
        others = sum(state is S.SHADOW and name != revision for name, state in self.states.items())
        with self.outcome(self.states.get(revision) not in {None, S.ACTIVE} and others < MAX_SHADOWS):
            to_shadow(self.session, revision, self.act())
            self.states[revision] = S.SHADOW

    @rule(revision=revisions, percent=st.integers(-1, 102), waived=st.sampled_from(["", "tried elsewhere"]))
    def roll_out(self, revision: str, percent: int, waived: str) -> None:
        there = self.rollout() == revision and self.percent == percent
        may = self.states.get(revision) not in {None, S.ACTIVE} and self.rollout() in {"", revision}
        with self.outcome(there or (may and 1 <= percent <= 100 and self.shown(revision, waived))):
            assert (
                to_rollout(self.session, revision, percent, self.act(), Evidence(waived=waived)) is not there
            )
            self.states[revision], self.percent = S.ROLLOUT, percent

    @rule(revision=revisions, waived=st.sampled_from(["", "tried elsewhere"]))
    def activate(self, revision: str, waived: str) -> None:
        was = self.active()
        may = revision in self.states and (revision == was or self.shown(revision, waived))
        with self.outcome(may):
            changed = make_active(self.session, revision, self.act(), Evidence(waived=waived))
            assert changed is (revision != was)
            if changed:
                self._displace(was, S.RETIRED)
                if self.rollout() not in {"", revision}:
                    self.states[self.rollout()] = S.SHADOW
                self.states[revision] = S.ACTIVE

    @rule(revision=revisions)
    def retire(self, revision: str) -> None:
        with self.outcome(self.states.get(revision) not in {None, S.ACTIVE}):
            retire(self.session, revision, self.act())
            self.states[revision] = S.RETIRED

    @rule()
    def back(self) -> None:
        was, rollout = self.active(), self.rollout()
        if rollout:
            assert roll_back(self.session, self.act()) == (rollout, was)
            self.states[rollout] = S.SHADOW
            return
        try:
            gone, rules = roll_back(self.session, self.act())
        except NothingToRollBack:
            return
        assert gone == was
        assert rules != was
        self.states[was], self.states[rules] = S.SHADOW, S.ACTIVE

    def _displace(self, was: str, to: LifecycleState) -> None:
        if was:
            self.states[was] = to

    def outcome(self, possible: bool) -> Any:
        """A step that must work, or one that must be refused and leave everything as it was."""
        refusals = (PolicyStepRefused, PolicyUnknown, PolicyTestsFailed, PolicyNotBacktested)
        return _Outcome(self.session, None if possible else refusals)

    @invariant()
    def the_database_stands_where_the_model_does(self) -> None:
        rows = {row.revision: row for row in self.session.exec(select(PolicyState))}
        assert {name: S(row.state) for name, row in rows.items()} == self.states
        assert all((row.percent > 0) is (row.state == S.ROLLOUT.value) for row in rows.values())

    @invariant()
    def exactly_one_rules_on_everybody_once_one_has(self) -> None:
        standing = list(self.states.values())
        self.begun = self.begun or bool(self.active())
        assert standing.count(S.ACTIVE) == self.begun
        assert standing.count(S.ROLLOUT) <= 1
        with suppress(PolicyMissing):
            assert ruling_revision(self.session, "acct_1") in {self.active(), self.rollout()} - {""}

    @invariant()
    def what_fails_its_own_tests_never_rules(self) -> None:
        assert self.states.get(NEVER) not in {S.ACTIVE, S.ROLLOUT}

    @invariant()
    def the_history_is_whole_and_every_step_of_it_audited(self) -> None:
        changes = self.session.exec(
            select(PolicyChange).order_by(col(PolicyChange.at_ms), col(PolicyChange.id))
        )
        last: dict[str, str] = {}
        audited = "\n".join(self.session.exec(select(AuditEntry.detail)))
        for change in changes:
            assert last.get(change.revision, "") == change.before
            assert not change.before or may_follow(S(change.before), S(change.after))
            assert change.id in audited
            last[change.revision] = change.after
        assert last == {name: state.value for name, state in self.states.items()}

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()


class _Outcome:
    """A savepoint around a step; a refusal goes back to it."""

    def __init__(self, session: Session, refusals: tuple[type[Exception], ...] | None) -> None:
        self._session, self._refusals = session, refusals

    def __enter__(self) -> None:
        self._savepoint = self._session.begin_nested()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        if kind is None:
            self._savepoint.commit()
            assert self._refusals is None, "this step must have been refused"
            return False
        self._savepoint.rollback()
        return self._refusals is not None and issubclass(kind, self._refusals)


def test_whatever_steps_are_taken_one_revision_rules_and_the_history_says_how(
    sqlite_database: Database,
) -> None:
    class Here(Life):
        database = sqlite_database

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("step", [to_shadow, retire])
def test_the_active_revision_leaves_only_for_another(sqlite_database: Database, step: Any) -> None:
    act = Act("acct_policy", "because", 1)
    with sqlite_database.transaction() as session:
        revision = add(session, TEXTS[0], name="p", act=act).revision
        make_active(session, revision, act, Evidence())
        with pytest.raises(PolicyStepRefused, match="without one nothing can be judged"):
            step(session, revision, act)
