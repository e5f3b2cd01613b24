"""The steps of a revision, in the caller's transaction: draft, shadow, rollout, active, retired, and back.

Each step is taken under the lock of all states, written once (a step that has been taken is not taken again), kept with its actor
and reason, and audited. What begins to rule has passed its own tests and was backtested, or somebody said why not.
"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from moderation.bus.outbox import enqueue
from moderation.ids import new_id
from moderation.messages import PolicyChanged
from moderation.policy.errors import (
    NothingToRollBack,
    PolicyMoved,
    PolicyReasonMissing,
    PolicyStepRefused,
    PolicyUnknown,
)
from moderation.policy.evidence import NONE_NEEDED, Evidence, Tried, require_evidence
from moderation.policy.store import store_document
from moderation.policy.tables import PolicyChange, PolicyState
from moderation.sql import insert_new
from moderation.transparency import audit
from policies.document import PolicyDocument
from policies.lifecycle.states import LifecycleState, may_follow

_S = LifecycleState
MAX_SHADOWS = 4
"""Each shadow rules on every judgement: more would be felt."""
MAX_REASON = 1000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who takes a step, why, and when. `actor` is an id; `reason` is a sentence for colleagues."""

    actor: str
    reason: str
    at_ms: int


def add(session: Session, text: str, *, name: str, act: Act) -> PolicyDocument:
    """Store a document as a draft; one that is known stays where it stands. Raises `PolicyInvalid`."""
    document, _ = store_document(session, text, name=name, now_ms=act.at_ms)
    revision = document.revision
    if insert_new(
        session, PolicyState, revision=revision, state=_S.DRAFT.value, percent=0, previous="", changed_ms=act.at_ms
    ):  # fmt: skip
        _write(session, revision, "", _S.DRAFT, 0, act, NONE_NEEDED)
    return document


def to_shadow(session: Session, revision: str, act: Act) -> bool:
    """Let it watch: it rules on everything, without effect. False when it does already. The active one cannot be put there."""
    states = _locked(session)
    row = _require(states, revision)
    _refuse_active(row)
    watching = [one for one in states.values() if one.state == _S.SHADOW.value and one is not row]
    if len(watching) >= MAX_SHADOWS:
        raise PolicyStepRefused(
            f"{MAX_SHADOWS} revisions are in shadow already",
            field="revision",
            value=revision,
            remedy="retire one of them: `safeconduct policy list`",
        )
    return _step(session, row, _S.SHADOW, act)


def to_rollout(session: Session, revision: str, percent: int, act: Act, evidence: Evidence) -> bool:
    """Let it rule on `percent` (1 to 100) of the accounts. False when it does already. Needs `evidence`."""
    if not 1 <= percent <= 100:
        raise PolicyStepRefused(
            "a rollout is to 1 to 100 per cent of the accounts",
            field="percent",
            value=percent,
            remedy="give a whole number; `policy shadow` ends a rollout, `policy activate` ends it with everyone",
        )
    states = _locked(session)
    row = _require(states, revision)
    if (row.state, row.percent) == (_S.ROLLOUT.value, percent):
        return False
    other = _one(states, _S.ROLLOUT)
    if other is not None and other is not row:
        raise PolicyStepRefused(
            f"{other.revision} is in rollout",
            field="revision",
            value=revision,
            remedy="one at a time: activate it, or put it back with `safeconduct policy shadow`",
        )
    tried = require_evidence(session, revision, _active(states), evidence, act)
    return _step(session, row, _S.ROLLOUT, act, tried, percent=percent)


def make_active(session: Session, revision: str, act: Act, evidence: Evidence) -> bool:
    """Let it rule on everybody. What ruled is retired, what was in rollout goes back to shadow. False when it rules already.
    Needs `evidence`, but for the first one."""
    states = _locked(session)
    row = _require(states, revision)
    if row.state == _S.ACTIVE.value:
        return False
    tried = require_evidence(session, revision, _active(states), evidence, act)
    rollout = _one(states, _S.ROLLOUT)
    if rollout is not None and rollout is not row:
        _step(session, rollout, _S.SHADOW, act)
    return _replace(session, states, row, _S.RETIRED, act, tried)


def retire(session: Session, revision: str, act: Act) -> bool:
    """Take it out of use. The active one cannot be: somebody must rule. False when it is retired already."""
    row = _require(_locked(session), revision)
    _refuse_active(row)
    return _step(session, row, _S.RETIRED, act)


def roll_back(session: Session, act: Act, *, only: str = "") -> tuple[str, str]:
    """Undo the latest change of what rules: a rollout goes back to shadow; without one, the active revision does, and the one
    that was active before it rules again. Returns the revision that went and the one that rules on everybody now.

    With `only`, nothing else than that revision is taken back. What ruled before is not tested again. Raises `NothingToRollBack`.
    """
    states = _locked(session)
    active, rollout = _one(states, _S.ACTIVE), _one(states, _S.ROLLOUT)
    if rollout is not None and only in {"", rollout.revision}:
        _step(session, rollout, _S.SHADOW, act)
        return rollout.revision, _active(states)
    previous = states.get(active.previous) if active is not None else None
    if active is None or previous is None or only not in {"", active.revision}:
        raise NothingToRollBack(
            "no rollout is in progress, and nothing was active before this revision",
            field="revision",
            value=only or _active(states),
            remedy="activate another document",
        )
    before = previous.previous
    _replace(session, states, previous, _S.SHADOW, act, NONE_NEEDED)
    previous.previous = before if before != active.revision else ""
    session.add(previous)
    session.flush()
    return active.revision, previous.revision


def activate(session: Session, text: str, *, name: str, actor: str, now_ms: int) -> PolicyDocument:
    """Store a document and make it rule, without a backtest: for the first start and for installations set up by a program.
    Its own tests must pass. Raises `PolicyInvalid`, `PolicyTestsFailed`."""
    act = Act(actor, "installed", now_ms)
    document = add(session, text, name=name, act=act)
    make_active(session, document.revision, act, Evidence(waived="installed by a program"))
    return document


def require_unmoved(session: Session, revision: str, *, since_ms: int) -> None:
    """Lock every state until the caller commits, and make sure that this revision took no step since `since_ms`, its `changed_ms`
    when somebody looked at it: nobody answers what they have not seen. Raises `PolicyUnknown`, `PolicyMoved`."""
    row = _require(_locked(session), revision)
    if row.changed_ms != since_ms:
        share = f" for {row.percent} %" if row.percent else ""
        raise PolicyMoved(
            f"it has moved since you looked: it is {row.state}{share} now",
            field="revision",
            value=revision,
            remedy="read its history, then decide anew",
        )


def _locked(session: Session) -> dict[str, PolicyState]:
    """Every state, locked in one order until the caller commits."""
    statement = select(PolicyState).order_by(col(PolicyState.revision)).with_for_update()
    rows = session.exec(statement, execution_options={"populate_existing": True}).all()
    return {row.revision: row for row in rows}


def _require(states: dict[str, PolicyState], revision: str) -> PolicyState:
    if revision not in states:
        raise PolicyUnknown(
            "no policy of this revision is stored",
            field="revision",
            value=revision,
            remedy="add it: `safeconduct policy add FILE`",
        )
    return states[revision]


def _refuse_active(row: PolicyState) -> None:
    if row.state == _S.ACTIVE.value:
        raise PolicyStepRefused(
            "it is the active revision, and without one nothing can be judged",
            field="revision",
            value=row.revision,
            remedy="activate another, or roll back",
        )


def _one(states: dict[str, PolicyState], state: LifecycleState) -> PolicyState | None:
    return next((row for row in states.values() if row.state == state.value), None)


def _active(states: dict[str, PolicyState]) -> str:
    active = _one(states, _S.ACTIVE)
    return active.revision if active else ""


def _replace(
    session: Session,
    states: dict[str, PolicyState],
    row: PolicyState,
    displaced: LifecycleState,
    act: Act,
    tried: Tried,
) -> bool:
    """Make `row` active in the place of what is; flushed in between, so that two are never active."""
    active = _one(states, _S.ACTIVE)
    if active is not None:
        _step(session, active, displaced, act)
    row.previous = active.revision if active else ""
    _step(session, row, _S.ACTIVE, act, tried)
    return True


def _step(
    session: Session,
    row: PolicyState,
    after: LifecycleState,
    act: Act,
    tried: Tried = NONE_NEEDED,
    *,
    percent: int = 0,
) -> bool:
    before = _S(row.state)
    if (before, row.percent) == (after, percent):
        return False
    if not may_follow(before, after):
        raise PolicyStepRefused(
            f"a revision that is {before.value} cannot become {after.value}",
            field="revision",
            value=row.revision,
            remedy="`safeconduct policy list` shows where each stands",
        )
    row.state, row.percent, row.changed_ms = after.value, percent, act.at_ms
    session.add(row)
    session.flush()
    _write(session, row.revision, before.value, after, percent, act, tried, previous=row.previous)
    _announce(session, row, before, act)
    return True


def _announce(session: Session, row: PolicyState, before: LifecycleState, act: Act) -> None:
    """Tell whoever listens which revision decides now; replicas compare by themselves."""
    if row.state == _S.ACTIVE.value:
        changed = PolicyChanged(policy=_S.ACTIVE.value, revision=row.revision)
        enqueue(session, changed, event_id=new_id("evt"), at_ms=act.at_ms)
    if _S.ROLLOUT in {before, _S(row.state)}:
        revision = row.revision if row.state == _S.ROLLOUT.value else ""
        changed = PolicyChanged(policy=_S.ROLLOUT.value, revision=revision)
        enqueue(session, changed, event_id=new_id("evt"), at_ms=act.at_ms)


_ACTS = {
    _S.DRAFT: "policy.added",
    _S.SHADOW: "policy.shadowed",
    _S.ROLLOUT: "policy.rolled_out",
    _S.ACTIVE: "policy.activated",
    _S.RETIRED: "policy.retired",
}


def _write(
    session: Session,
    revision: str,
    before: str,
    after: LifecycleState,
    percent: int,
    act: Act,
    tried: Tried,
    *,
    previous: str = "",
) -> None:
    reason = act.reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise PolicyReasonMissing(
            f"every change of a policy is kept with its reason, in 1 to {MAX_REASON} characters",
            field="reason",
            value=act.reason,
            remedy="say why, for whoever reads the history",
        )
    change = PolicyChange(
        id=new_id("chg"), revision=revision, before=before, after=after.value, percent=percent, actor=act.actor, reason=reason,
        waived=tried.waived, backtest_id=tried.backtest_id, tests_passed=tried.passed, tests_not_run=tried.not_run,
        at_ms=act.at_ms,
    )  # fmt: skip
    session.add(change)
    detail: dict[str, audit.Plain] = {"change": change.id, "from": before}
    if after is _S.ACTIVE:
        detail["before"] = previous
    if after is _S.ROLLOUT:
        detail["percent"] = percent
    if tried.waived:
        detail["backtest"] = "waived"
    audit.record(session, actor=act.actor, act=_ACTS[after], subject=revision, detail=detail, at_ms=act.at_ms)
