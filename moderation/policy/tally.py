"""How often each rule of each revision blocks, minute by minute: counted once each, from the announced decisions.

What the flood guard compares. A row per partition, so that no two consumers wait for each other's row.
"""

from collections.abc import Mapping

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, func, select

from moderation.bus.log import Record
from moderation.bus.subscription import Subscription
from moderation.messages import DecisionMade, Message, Topic
from moderation.policy.tables import RuleTally
from moderation.sql import add_and_read, changed
from moderation.store import now_ms

GROUP = "policy"
MINUTE_MS = 60_000
EVERY_DECISION = ""
"""The rule under which the decisions themselves are counted."""
_PEOPLE_ARE_NOT = "machine"


def rules_subscription() -> Subscription:
    """Counts what `generation.decisions` announces."""
    return Subscription((Topic.DECISIONS,), GROUP, count_rules)


def count_rules(session: Session, message: Message, record: Record) -> None:
    """Add one machine decision to the minute in which it is counted, and each rule that blocked in it."""
    if not isinstance(message, DecisionMade) or message.actor != _PEOPLE_ARE_NOT or not message.policy:
        return
    minute = now_ms(session) // MINUTE_MS * MINUTE_MS
    for rule in (EVERY_DECISION, *sorted(set(message.blocked_by))):
        add_and_read(
            session, RuleTally, "count", 1, revision=message.policy, rule=rule, minute_ms=minute, lane=record.partition.number
        )  # fmt: skip


def rule_counts(session: Session, revision: str, *, since_ms: int, until_ms: int) -> Mapping[str, int]:
    """Blocks by rule, and decisions under `EVERY_DECISION`, in the minutes that begin from `since_ms`'s to before `until_ms`."""
    statement = (
        select(RuleTally.rule, func.sum(RuleTally.count))
        .where(
            RuleTally.revision == revision,
            col(RuleTally.minute_ms) >= since_ms // MINUTE_MS * MINUTE_MS,
            col(RuleTally.minute_ms) < until_ms,
        )
        .group_by(RuleTally.rule)
    )
    return {rule: int(count) for rule, count in session.exec(statement)}


def forget_counts(session: Session, *, before_ms: int, limit: int) -> int:
    """Delete up to `limit` rows of minutes before; how many."""
    key = (col(RuleTally.revision), col(RuleTally.rule), col(RuleTally.minute_ms), col(RuleTally.lane))
    old = select(*key).where(col(RuleTally.minute_ms) < before_ms).limit(limit)
    return changed(session, delete(RuleTally).where(tuple_(*key).in_(old)))
