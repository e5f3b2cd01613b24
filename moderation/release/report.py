"""How far a withdrawal reached: for the owner, the command line and the regulator."""

from typing import Any

from sqlmodel import Session

from moderation.errors import Kind, ServiceError
from moderation.release.tables import Withdrawal
from moderation.release.withdraw import count_receipts, receipts_of


class WithdrawalUnknown(ServiceError):
    """No withdrawal has this id."""

    code = "withdrawal.unknown"
    kind = Kind.NOT_FOUND


def withdrawal_report(session: Session, withdrawal_id: str) -> dict[str, Any]:
    """The withdrawal with its receipts as JSON; `done` is False while the sweep goes on. Raises `WithdrawalUnknown`."""
    withdrawal = session.get(Withdrawal, withdrawal_id, populate_existing=True)
    if withdrawal is None:
        raise WithdrawalUnknown(
            "no withdrawal has this id",
            field="withdrawal_id",
            value=withdrawal_id,
            remedy="read it from the revocation",
        )
    return {
        "id": withdrawal.id,
        "reason": withdrawal.reason,
        "started_ms": withdrawal.started_ms,
        "done": withdrawal.done_ms is not None,
        "reached": count_receipts(session, withdrawal_id, reached=True),
        "unreachable": count_receipts(session, withdrawal_id, reached=False),
        "receipts": [
            {"target": r.target, "kind": r.kind, "outcome": r.outcome, "detail": r.detail, "at_ms": r.at_ms}
            for r in receipts_of(session, withdrawal_id)
        ],
    }
