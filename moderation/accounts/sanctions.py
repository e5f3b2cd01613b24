"""Suspending an account and lifting that again: why, by whom, when, and a row in the audit log."""

from sqlmodel import Session, col, select

from moderation.accounts.directory import get_account
from moderation.accounts.models import AccountState, Sanction
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.transparency import audit


class SanctionConflict(ServiceError):
    """The account already is, or is not, suspended."""

    code = "account.sanction_conflict"
    kind = Kind.CONFLICT


class ReasonMissing(ServiceError):
    """An act against somebody needs a reason."""

    code = "account.reason_missing"


def suspend(session: Session, account_id: str, *, reason: str, actor: str, now_ms: int) -> Sanction:
    """Take no new generations from the account. Its keys keep the `owner` role only: a suspended person can still see
    their decisions and revoke their likeness. Raises `AccountUnknown`, `ReasonMissing`, `SanctionConflict`."""
    _require_reason(reason)
    account = get_account(session, account_id, lock=True)
    if account.state == AccountState.SUSPENDED:
        raise SanctionConflict(
            "is suspended already", field="account_id", value=account_id, remedy="lift the suspension first"
        )
    account.state = AccountState.SUSPENDED.value
    sanction = Sanction(
        id=new_id("sanction"), account_id=account_id, reason=reason, placed_by=actor, placed_ms=now_ms
    )
    session.add(sanction)
    _audit(session, "account.suspended", sanction, actor, now_ms)
    return sanction


def lift(session: Session, account_id: str, *, reason: str, actor: str, now_ms: int) -> Sanction:
    """End the suspension. Raises `AccountUnknown`, `ReasonMissing`, `SanctionConflict`."""
    _require_reason(reason)
    account = get_account(session, account_id, lock=True)
    still_open = select(Sanction).where(
        col(Sanction.account_id) == account_id, col(Sanction.lifted_ms).is_(None)
    )
    sanction = session.exec(still_open).first()
    if sanction is None:
        raise SanctionConflict(
            "is not suspended", field="account_id", value=account_id, remedy="there is nothing to lift"
        )
    account.state = AccountState.ACTIVE.value
    sanction.lifted_by, sanction.lifted_ms, sanction.lift_reason = actor, now_ms, reason
    _audit(session, "account.suspension_lifted", sanction, actor, now_ms)
    return sanction


def _audit(session: Session, act: str, sanction: Sanction, actor: str, now_ms: int) -> None:
    detail = {"sanction_id": sanction.id}  # the reason stays in the sanction: it may name people
    audit.record(session, actor=actor, act=act, subject=sanction.account_id, detail=detail, at_ms=now_ms)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing(
            "says why the account is treated so",
            field="reason",
            remedy="write a sentence that the person may read",
        )
