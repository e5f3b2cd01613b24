"""What revisions in shadow would have ruled, beside the decision that stands: kept to be compared, never acted on.

Not in the decision's body: that follows from the policy that ruled and nothing else.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, delete
from sqlmodel import Field, Session, SQLModel, col, func, select

from moderation.bulk import insert_rows
from moderation.gate.gate import Judgement
from moderation.sql import changed
from policies.lifecycle.panel import seen_whole

_COLUMNS = (
    "decision_id", "revision", "stage", "verdict", "shadow_verdict", "category", "rule", "whole", "created_ms",
)  # fmt: skip


class ShadowRuling(SQLModel, table=True):
    """The ruling of `revision` on the findings of a decision: `verdict` is the one that stands, `shadow_verdict` the other one;
    `whole` is False when a block had skipped checks that this revision might have wanted."""

    __tablename__ = "shadow_ruling"

    decision_id: str = Field(primary_key=True)
    revision: str = Field(primary_key=True, index=True)
    stage: str
    verdict: str
    shadow_verdict: str
    category: str = ""
    rule: str = ""
    whole: bool = True
    created_ms: int = Field(sa_type=BigInteger, index=True)


def record_shadows(session: Session, judged: Sequence[tuple[str, Judgement]], *, now_ms: int) -> None:
    """Write the shadows' rulings on each decision id, in the transaction that records the decisions."""
    rows = [
        (
            decision_id,
            ruling.policy,
            judgement.stage.value,
            judgement.verdict.value,
            ruling.verdict.value,
            ruling.category.value if ruling.category else "",
            ruling.deciding.rule_id if ruling.deciding else "",
            seen_whole(judgement.reports),
            now_ms,
        )
        for decision_id, judgement in judged
        for ruling in judgement.shadows
    ]
    insert_rows(session, ShadowRuling, _COLUMNS, rows)


def compare_shadow(session: Session, revision: str) -> dict[tuple[str, str], int]:
    """How often this revision ruled what, by (verdict that stands, its own)."""
    pair = (ShadowRuling.verdict, ShadowRuling.shadow_verdict)
    counts = select(*pair, func.count()).where(col(ShadowRuling.revision) == revision).group_by(*pair)
    return {(stands, shadow): count for stands, shadow, count in session.exec(counts)}


def forget_shadows(session: Session, *, before_ms: int, limit: int) -> int:
    """Delete up to `limit` rulings made before; how many."""
    old = select(ShadowRuling.decision_id).where(col(ShadowRuling.created_ms) < before_ms).limit(limit)
    return changed(session, delete(ShadowRuling).where(col(ShadowRuling.decision_id).in_(old)))
