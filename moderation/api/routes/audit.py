"""`/v1/audit`: what was done, by whom, to what; and whether the record is as it was written."""

import json
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from sqlmodel import col, select

from moderation.api.auth import Auditor
from moderation.api.context import ServicesHere, make_router
from moderation.messages import Identifier
from moderation.transparency.audit import AuditEntry, verify_chain

router = make_router("audit", "/v1/audit")
SHOWN_TAIL = 1000


class AuditView(BaseModel):
    """One row. `seq` and `hash` are null until it is sealed."""

    id: int
    actor: str
    act: str
    subject: str
    detail: dict[str, Any]
    at_ms: int
    seq: int | None
    hash: str | None


class AuditPage(BaseModel):
    """Rows in id order; `next_after` goes on behind this page, null at the end."""

    items: list[AuditView]
    next_after: int | None


class ChainView(BaseModel):
    """Whether the chain holds, up to which row, and what is not sealed yet. Note `head` elsewhere and compare it later."""

    intact: bool
    sealed: int
    unsealed_tail: list[int]
    broken_at: int | None
    fault: str
    head: str


@router.get("", summary="Read the audit log")
def read(
    _who: Auditor,
    services: ServicesHere,
    actor: Identifier | None = None,
    act: Identifier | None = None,
    subject: Identifier | None = None,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Oldest first."""
    statement = select(AuditEntry).where(col(AuditEntry.id) > after)
    for column, wanted in ((AuditEntry.actor, actor), (AuditEntry.act, act), (AuditEntry.subject, subject)):
        if wanted is not None:
            statement = statement.where(col(column) == wanted)
    with services.database.read() as session:
        rows = session.exec(statement.order_by(col(AuditEntry.id)).limit(limit + 1)).all()
    items = [
        AuditView(**row.model_dump(exclude={"detail"}), detail=json.loads(row.detail)) for row in rows[:limit]
    ]
    return AuditPage(items=items, next_after=items[-1].id if len(rows) > limit else None)


@router.get("/verify", summary="Verify the chain")
def verify(_who: Auditor, services: ServicesHere) -> ChainView:
    """Recomputes every hash; takes seconds on a long log."""
    with services.database.read() as session:
        report = verify_chain(session)
    return ChainView(
        intact=report.intact,
        sealed=report.sealed,
        unsealed_tail=list(report.unsealed_tail[:SHOWN_TAIL]),
        broken_at=report.broken_at,
        fault=report.fault,
        head=report.head,
    )
