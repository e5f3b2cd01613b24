"""The flood guard: a change of policy under which a rule suddenly blocks many times its usual share is taken back and reported.

It takes back only what the change did: the same recorded findings are ruled on by the policy it would return to. When that one
blocks them, too, the traffic has changed and not the policy, and nothing is undone: nobody disables a rule by breaking it often.
Absolute rules are never undone, nor is the first policy, nor one that has ruled for long; then people are told and that is all.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from moderation.bus.leases import NamedLease
from moderation.gate.decisions import MACHINE, Decision
from moderation.observability.logs import get_logger
from moderation.policy.floods import GUARD, ROLLED_BACK, STOPPED, TOLD, Outcome, going_on, note_flood
from moderation.policy.lifecycle import Act, roll_back
from moderation.policy.store import state_of, stored_document
from moderation.policy.tables import PolicyFlood, PolicyState
from moderation.policy.tally import EVERY_DECISION, rule_counts
from moderation.store import Database, now_ms
from policies.document import PolicyDocument
from policies.evaluation.intervals import Share
from policies.lifecycle.floods import FloodRule, loosens_absolute, untouchable
from policies.lifecycle.replay import Recorded, rerule
from policies.lifecycle.states import LifecycleState
from policies.records import RecordUnreadable
from policies.signals import ABSOLUTE_CATEGORIES
from policies.taxonomy import Verdict

SAMPLE = 200
"""Blocked decisions that are ruled on again, newest first, to find whether the change is the cause."""
LEASE = "flood-guard"
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FloodWatch:
    """`rule`: what a flood is. `window_ms`: what counts as now. `usual_ms`: how far back the usual share is taken from, and for
    how long after it became active a revision may be taken back."""

    rule: FloodRule
    window_ms: int
    usual_ms: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A rule of a revision that floods, and the revision to return to; None where there is none."""

    state: PolicyState
    rule: str
    now: Share
    usual: Share
    back_to: str | None


class FloodGuard:
    """Looks at the counts, one guard at a time by lease."""

    def __init__(self, database: Database, watch: FloodWatch, *, lease_s: float = 10.0) -> None:
        self._database, self._watch = database, watch
        self._lease = NamedLease(database, LEASE, ttl_s=lease_s)
        if not watch.rule.factor:
            _log.warning("policy.flood_guard_off")

    def run_once(self) -> int:
        """Look once; how many floods are new. Does nothing when the factor is 0 or another guard holds the lease."""
        if not self._watch.rule.factor or self._lease.held() is None:
            return 0
        with self._database.read() as session:
            if not any(floods_now(session, self._watch, now_ms=now_ms(session))):
                return 0
        with self._database.transaction() as session:
            floods = guard(session, self._watch, now_ms=now_ms(session))
        for flood in floods:
            _log.error(
                "policy.flood", revision=flood.revision, rule=flood.rule, outcome=flood.outcome, blocks=flood.blocks,
                decisions=flood.decisions,
            )  # fmt: skip
        return len(floods)


def floods_now(session: Session, watch: FloodWatch, *, now_ms: int) -> Iterator[str]:
    """The rules that flood."""
    for state in (LifecycleState.ROLLOUT, LifecycleState.ACTIVE):
        row = state_of(session, state)
        yield from (seen.rule for seen in (_seen(session, row, watch, now_ms) if row else ()))


def guard(session: Session, watch: FloodWatch, *, now_ms: int) -> list[PolicyFlood]:
    """Find floods, take back what caused one, and keep each; those that are new. A rollout is looked at first."""
    new = []
    for state in (LifecycleState.ROLLOUT, LifecycleState.ACTIVE):
        row = state_of(session, state)
        for seen in _seen(session, row, watch, now_ms) if row is not None else ():
            known = going_on(session, seen.state.revision, seen.rule, since_ms=now_ms - watch.window_ms)
            if known is not None:
                known.last_ms = now_ms
                session.add(known)
                continue
            flood = _answer(session, seen, watch, now_ms)
            new.append(flood)
            if flood.outcome != TOLD:  # it rules no more
                break
    return new


def _seen(session: Session, row: PolicyState, watch: FloodWatch, now_ms: int) -> Iterator[_Seen]:
    since = max(row.changed_ms, now_ms - watch.window_ms)
    counts = rule_counts(session, row.revision, since_ms=since, until_ms=now_ms + 1)
    usual, back_to = _before(session, row, watch, now_ms)
    decisions, before = counts.get(EVERY_DECISION, 0), usual.get(EVERY_DECISION, 0)
    for rule, blocks in sorted(counts.items()):
        if rule == EVERY_DECISION:
            continue
        share = Share(min(blocks, decisions), decisions)
        usually = Share(min(usual.get(rule, 0), before), before)
        if watch.rule.floods(share, usually):
            yield _Seen(row, rule, share, usually, back_to)


def _before(
    session: Session, row: PolicyState, watch: FloodWatch, now_ms: int
) -> tuple[dict[str, int], str | None]:
    """The usual counts, and the revision that could rule instead.

    A rollout is held against the active revision in the same time. A new active revision is held against the one before it; one
    that has ruled for longer than the usual time, or came without a past, against its own.
    """
    if row.state == LifecycleState.ROLLOUT.value:
        active = state_of(session, LifecycleState.ACTIVE)
        name = active.revision if active else ""
        since = now_ms - watch.window_ms - watch.usual_ms
        return dict(rule_counts(session, name, since_ms=since, until_ms=now_ms + 1)), name or None
    recent = bool(row.previous) and now_ms - row.changed_ms <= watch.usual_ms
    if recent:
        since = row.changed_ms - watch.usual_ms
        before = rule_counts(session, row.previous, since_ms=since, until_ms=row.changed_ms + 1)
        if before.get(EVERY_DECISION, 0) >= watch.rule.min_decisions:
            return dict(before), row.previous
    begun = now_ms - watch.window_ms
    own = rule_counts(session, row.revision, since_ms=begun - watch.usual_ms, until_ms=begun)
    return dict(own), row.previous if recent else None


def _answer(session: Session, seen: _Seen, watch: FloodWatch, now_ms: int) -> PolicyFlood:
    row, since = seen.state, now_ms - watch.window_ms
    revision, state = row.revision, row.state
    outcome: Outcome = TOLD
    why = _why_not(session, seen, since)
    if not why:
        outcome = STOPPED if state == LifecycleState.ROLLOUT.value else ROLLED_BACK
        why = (
            f"{seen.rule} blocks {seen.now}, usually {seen.usual}; {seen.back_to} would not block most of it"
        )
        roll_back(session, Act(GUARD, why, now_ms), only=revision)
    return note_flood(
        session,
        revision=revision,
        rule=seen.rule,
        now=seen.now,
        usual=seen.usual,
        outcome=outcome,
        why=why,
        now_ms=now_ms,
    )


def _why_not(session: Session, seen: _Seen, since_ms: int) -> str:
    """Why nothing is undone; empty when the change is to be taken back."""
    if untouchable(seen.rule):
        return "the rule stands above every document"
    if seen.back_to is None:
        return "there is no recent change to take back"
    before = stored_document(session, seen.back_to)
    if loosens_absolute(stored_document(session, seen.state.revision), before):
        return f"going back to {seen.back_to} would loosen a rule that is about minors"
    again, sample = _blocked_again(session, seen, before, since_ms)
    if not sample:
        return "no recorded decision shows the cause"
    if 2 * again >= sample:
        return f"{seen.back_to} blocks {again} of {sample} of the same, too: what is asked for has changed, not the policy"
    return ""


def _blocked_again(session: Session, seen: _Seen, before: PolicyDocument, since_ms: int) -> tuple[int, int]:
    """Of the newest decisions that the rule blocked: how many the document before blocks as well, and how many there are. One
    that cannot be read, or is about an absolute category, counts as blocked."""
    statement = (
        select(Decision)
        .where(
            Decision.policy_revision == seen.state.revision,
            Decision.actor == MACHINE,
            Decision.verdict == Verdict.BLOCK.value,
            col(Decision.created_ms) >= since_ms,
        )
        .order_by(col(Decision.created_ms).desc(), col(Decision.id))
        .limit(SAMPLE)
    )
    again = sample = 0
    for decision in session.exec(statement):
        body = json.loads(decision.body)
        fired = [one for one in body["ruling"]["rules"] if _blocks(one, seen.rule)]
        sample += bool(fired)
        absolute = any(one["absolute"] or one["category"] in ABSOLUTE_CATEGORIES for one in fired)
        again += bool(fired) and (absolute or _still_blocked(before, body))
    return again, sample


def _blocks(fired: Mapping[str, Any], rule: str) -> bool:
    return bool(fired["rule_id"] == rule and fired["verdict"] == Verdict.BLOCK.value)


def _still_blocked(document: PolicyDocument, body: Mapping[str, Any]) -> bool:
    try:
        ruling = rerule(document, Recorded(body["reports"], body["context"], body["ruling"]))
    except RecordUnreadable:
        return True
    return ruling.verdict is Verdict.BLOCK
