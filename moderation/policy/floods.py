"""Floods on record: one row while a rule blocks many times its usual share, and what was done about it."""

from typing import Final, Literal

from sqlmodel import Session, col, select

from moderation.bus.outbox import enqueue
from moderation.ids import new_id
from moderation.messages import PolicyFlooded
from moderation.policy.tables import PolicyFlood
from moderation.transparency import audit
from policies.evaluation.intervals import Share

GUARD = "flood-guard"
"""Who acts, in the history and the audit log, when the guard does."""
Outcome = Literal["rolled_back", "stopped", "told"]
ROLLED_BACK: Final = "rolled_back"
STOPPED: Final = "stopped"
TOLD: Final = "told"
SHOWN_MS = 3600 * 1000
"""A flood pages for an hour after it was last seen: a rollback ends the flood at once, and somebody must still look."""


def going_on(session: Session, revision: str, rule: str, *, since_ms: int) -> PolicyFlood | None:
    """The flood of this rule that was last seen at `since_ms` or later."""
    statement = (
        select(PolicyFlood)
        .where(
            PolicyFlood.revision == revision, PolicyFlood.rule == rule, col(PolicyFlood.last_ms) >= since_ms
        )
        .order_by(col(PolicyFlood.last_ms).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def note_flood(
    session: Session,
    *,
    revision: str,
    rule: str,
    now: Share,
    usual: Share,
    outcome: Outcome,
    why: str,
    now_ms: int,
) -> PolicyFlood:
    """Keep a flood that was noticed now, announce it, and audit what was done."""
    flood = PolicyFlood(
        id=new_id("fld"), revision=revision, rule=rule, blocks=now.hits, decisions=now.n, usual_blocks=usual.hits,
        usual_decisions=usual.n, outcome=outcome, why=why, noticed_ms=now_ms, last_ms=now_ms,
    )  # fmt: skip
    session.add(flood)
    detail: dict[str, audit.Plain] = {
        "flood": flood.id,
        "rule": rule,
        "outcome": outcome,
        "blocks": now.hits,
        "decisions": now.n,
    }
    told = PolicyFlooded(
        revision=revision, rule=rule, outcome=outcome, blocks=now.hits, decisions=now.n, usual_blocks=usual.hits,
        usual_decisions=usual.n, why=why,
    )  # fmt: skip
    enqueue(session, told, event_id=new_id("evt"), at_ms=now_ms)
    audit.record(session, actor=GUARD, act="policy.flooded", subject=revision, detail=detail, at_ms=now_ms)
    return flood


def recent_floods(session: Session, *, now_ms: int) -> tuple[PolicyFlood, ...]:
    """Floods seen within the last hour, newest first."""
    statement = (
        select(PolicyFlood)
        .where(col(PolicyFlood.last_ms) > now_ms - SHOWN_MS)
        .order_by(col(PolicyFlood.last_ms).desc(), col(PolicyFlood.id))
    )
    return tuple(session.exec(statement))
