"""Daily quotas and request rates, right under concurrency.

A place is taken by one conditional `UPDATE … SET used = used + 1 WHERE used < limit`: the database's row lock decides, not a
count read beforehand. Rows are locked in a fixed order (reservation, total, account): whoever holds the total may reserve for
any number of accounts, so two batches cannot deadlock. That row is hot: call `reserve` last in the approving transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from moderation.accounts.models import QuotaDay, QuotaReservation, RequestRate
from moderation.bulk import any_of
from moderation.errors import Kind, ServiceError
from moderation.sql import changed, insert_new

TOTAL = "*"
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """Generations per day (UTC) that may be approved, for one account and in all."""

    account: int
    total: int


class QuotaExhausted(ServiceError):
    """No place is left today. `scope` is `account` or `total`."""

    code = "account.quota_exhausted"
    kind = Kind.LIMITED

    def __init__(self, scope: str, limit: int, day: str) -> None:
        self.scope = scope
        whose = "this account's" if scope == "account" else "the service's"
        super().__init__(
            f"{whose} quota of {limit} generations a day is used up",
            field="account_id" if scope == "account" else "",
            value=day,
            remedy="ask again after midnight UTC, or ask an administrator for a larger quota",
        )


def day_of(at_ms: int) -> str:
    """The UTC day of `at_ms`, such as `2026-03-01`."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).date().isoformat()


def reserve(session: Session, account_id: str, day: str, limits: QuotaLimits, *, generation_id: str) -> None:
    """Take a place of `day` for the generation. Once per generation: repeating it changes nothing; after `give_back` a
    place is taken anew. Raises `QuotaExhausted` and leaves the transaction as it was."""
    with session.begin_nested():
        if _newly_reserved(session, account_id, day, generation_id):
            try:
                _take(session, TOTAL, day, limits.total, "total")
            except QuotaExhausted:
                _take(
                    session, account_id, day, limits.account, "account"
                )  # when both are full, its own is named
                raise
            _take(session, account_id, day, limits.account, "account")


def give_back(session: Session, generation_id: str) -> bool:
    """Return the place of a generation that failed or was refused; True when it held one. Repeating changes nothing."""
    held = col(QuotaReservation.generation_id) == generation_id
    statement = update(QuotaReservation).where(held, col(QuotaReservation.returned).is_(False))
    if not changed(session, statement.values(returned=True)):
        return False
    reservation = session.get_one(QuotaReservation, generation_id, populate_existing=True)
    for scope in (TOTAL, reservation.account_id):
        row = update(QuotaDay).where(col(QuotaDay.scope) == scope, col(QuotaDay.day) == reservation.day)
        session.execute(row.values(used=QuotaDay.used - 1))
    return True


def used(session: Session, scope: str, day: str) -> int:
    """Places taken on `day` by an account id, or in all (`TOTAL`)."""
    row = session.get(QuotaDay, (scope, day), populate_existing=True)
    return row.used if row else 0


def count_request(session: Session, account_id: str, at_ms: int) -> int:
    """Count one request and return the rate: requests in the last minute, this one included.

    A sliding estimate: the running minute plus the part of the previous minute that still lies within 60 s, rounded down,
    taking its requests as evenly spread.
    """
    return count_requests(session, [account_id], at_ms)[0]


def count_requests(session: Session, account_ids: Sequence[str], at_ms: int) -> list[int]:
    """As `count_request` for each, in order: the rate that each of them sees. The accounts' rows are locked in one order."""
    if not account_ids:
        return []
    minute, into = divmod(at_ms, MINUTE_MS)
    many = Counter(account_ids)
    counted = _add(session, sorted(many.items()), minute)
    fresh = [name for name in many if counted[name, minute] == many[name]]
    forget = any_of(session, RequestRate.account_id, fresh), col(RequestRate.minute) < minute - 1
    if fresh:
        session.execute(delete(RequestRate).where(*forget), execution_options={"synchronize_session": False})
    before = {name: counted.get((name, minute - 1), 0) * (MINUTE_MS - into) // MINUTE_MS for name in many}
    rates = []
    for name in reversed(account_ids):
        rates.append(counted[name, minute] + before[name])
        counted[name, minute] -= 1
    return rates[::-1]


def _add(session: Session, many: Sequence[tuple[str, int]], minute: int) -> dict[tuple[str, int], int]:
    """Add to the counts of `minute`; the counts of this minute and the one before, by account and minute."""
    connection = session.connection()
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    statement = (
        f"INSERT INTO request_rate (account_id, minute, requests) VALUES ({mark}, {mark}, {mark}) "  # noqa: S608 - marks only
        "ON CONFLICT (account_id, minute) DO UPDATE SET requests = request_rate.requests + excluded.requests"
    )
    connection.exec_driver_sql(statement, [(name, minute, count) for name, count in many])
    rows = select(RequestRate.account_id, RequestRate.minute, RequestRate.requests).where(
        any_of(session, RequestRate.account_id, [name for name, _ in many]),
        col(RequestRate.minute).in_((minute - 1, minute)),
    )
    return {(name, at): count for name, at, count in session.execute(rows)}


def _newly_reserved(session: Session, account_id: str, day: str, generation_id: str) -> bool:
    fresh = {"account_id": account_id, "day": day, "returned": False}
    if insert_new(session, QuotaReservation, generation_id=generation_id, **fresh):
        return True
    returned = update(QuotaReservation).where(
        col(QuotaReservation.generation_id) == generation_id, col(QuotaReservation.returned).is_(True)
    )
    return changed(session, returned.values(**fresh)) == 1


def _take(session: Session, scope: str, day: str, limit: int, name: str) -> None:
    free = update(QuotaDay).where(
        col(QuotaDay.scope) == scope, col(QuotaDay.day) == day, col(QuotaDay.used) < limit
    )
    take = free.values(used=QuotaDay.used + 1)
    if changed(session, take):
        return
    insert_new(session, QuotaDay, scope=scope, day=day, used=0)  # the first of the day, or there is no room
    if not changed(session, take):
        raise QuotaExhausted(name, limit, day)
