"""Accounts: making them, finding them, and what the gate must know of one."""

import re
from dataclasses import dataclass

from sqlmodel import Session, col, select

from moderation.accounts import quota
from moderation.accounts.models import Account, AccountState
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.transparency import audit

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class AccountUnknown(ServiceError):
    """No account has this id."""

    code = "account.unknown"
    kind = Kind.NOT_FOUND

    def __init__(self, account_id: str) -> None:
        super().__init__(
            "no account has this id",
            field="account_id",
            value=account_id,
            remedy="make the account first (POST /v1/accounts) or correct the id",
        )


class AccountExists(ServiceError):
    """The id is taken."""

    code = "account.exists"
    kind = Kind.CONFLICT


class AccountIdInvalid(ServiceError):
    """The id is no id: it could be a name or an address, which this service does not keep."""

    code = "account.id_invalid"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as the gate sees it. Counts are inputs of a decision and are recorded with it."""

    account_id: str
    suspended: bool
    under_18: bool
    used_today: int
    used_today_in_all: int


def make_account(
    session: Session, *, under_18: bool, actor: str, now_ms: int, account_id: str | None = None
) -> Account:
    """A new active account. `account_id` lets a pipeline keep its own user ids (never a name or an address). Raises
    `AccountExists`, `AccountIdInvalid`."""
    account_id = new_id("acct") if account_id is None else account_id
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise AccountIdInvalid(
            "is 1 to 64 of A-Z a-z 0-9 _ . : -",
            field="account_id",
            value=account_id,
            remedy="send an opaque id, not a name or an address, or leave it out",
        )
    if session.get(Account, account_id) is not None:
        raise AccountExists(
            "is taken", field="account_id", value=account_id, remedy="choose another id, or use that account"
        )
    account = Account(id=account_id, under_18=under_18, created_ms=now_ms)
    session.add(account)
    session.flush()
    detail = {"under_18": under_18}
    audit.record(session, actor=actor, act="account.made", subject=account_id, detail=detail, at_ms=now_ms)
    return account


def ensure_account(session: Session, account_id: str, *, actor: str, now_ms: int) -> Account:
    """The account; a new adult one when there is none: for an operator's own machine. Raises `AccountIdInvalid`."""
    known = session.get(Account, account_id, populate_existing=True)
    if known is not None:
        return known
    return make_account(session, under_18=False, actor=actor, now_ms=now_ms, account_id=account_id)


def set_under_18(session: Session, account_id: str, *, under_18: bool, actor: str, now_ms: int) -> Account:
    """Correct the age group, as when the person has come of age. Raises `AccountUnknown`."""
    account = get_account(session, account_id, lock=True)
    account.under_18 = under_18
    detail = {"under_18": under_18}
    audit.record(session, actor=actor, act="account.age_set", subject=account_id, detail=detail, at_ms=now_ms)
    return account


def get_account(session: Session, account_id: str, *, lock: bool = False) -> Account:
    """The account; with `lock`, its row is held until the transaction ends. Raises `AccountUnknown`."""
    statement = select(Account).where(col(Account.id) == account_id)
    if lock:
        statement = statement.with_for_update()
    account = session.exec(statement, execution_options={"populate_existing": True}).first()
    if account is None:
        raise AccountUnknown(account_id)
    return account


def is_suspended(session: Session, account_id: str) -> bool:
    """Whether the account takes no new generations now; one that nobody knows is treated as suspended."""
    account = session.get(Account, account_id, populate_existing=True)
    return account is None or account.state != AccountState.ACTIVE


def read_standing(session: Session, account_id: str, now_ms: int) -> Standing:
    """What the gate must know of the account now. Raises `AccountUnknown`."""
    account = get_account(session, account_id)
    day = quota.day_of(now_ms)
    return Standing(
        account_id=account_id,
        suspended=account.state == AccountState.SUSPENDED,
        under_18=account.under_18,
        used_today=quota.used(session, account_id, day),
        used_today_in_all=quota.used(session, quota.TOTAL, day),
    )
