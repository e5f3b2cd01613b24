"""Places in the quota for a batch: all with a handful of statements where there is room for all, else one after the other.

Rows are locked in the order of `quota.reserve` (reservations, total, then accounts by id), so a batch never waits in a ring.
"""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session

from moderation.accounts.models import QuotaDay, QuotaReservation
from moderation.accounts.quota import TOTAL, QuotaExhausted, QuotaLimits, reserve
from moderation.bulk import insert_rows

Place = tuple[str, str]
"""A generation's id and its account's."""
_RESERVATION = ("generation_id", "account_id", "day", "returned")


class _NoRoomForAll(Exception):
    """Somebody goes without, or some have their place already."""


def reserve_many(
    session: Session, places: Sequence[Place], day: str, limits: QuotaLimits
) -> dict[str, QuotaExhausted]:
    """As `quota.reserve` for each in order; by generation id, who got no place and why."""
    if not places:
        return {}
    try:
        with session.begin_nested():
            _reserve_all(session, places, day, limits)
    except _NoRoomForAll:
        return _one_after_the_other(session, places, day, limits)
    return {}


def _reserve_all(session: Session, places: Sequence[Place], day: str, limits: QuotaLimits) -> None:
    rows = [(generation_id, account_id, day, False) for generation_id, account_id in places]
    if insert_rows(session, QuotaReservation, _RESERVATION, rows, or_ignore=True) < len(rows):
        raise _NoRoomForAll
    wanted = sorted(Counter(account_id for _, account_id in places).items())
    takes = [(TOTAL, len(places), limits.total), *((name, many, limits.account) for name, many in wanted)]
    first_of_the_day = [(scope, day, 0) for scope, _, _ in takes]
    insert_rows(session, QuotaDay, ("scope", "day", "used"), first_of_the_day, or_ignore=True)
    if _take_each(session, takes, day) < len(takes):
        raise _NoRoomForAll


def _take_each(session: Session, takes: Sequence[tuple[str, int, int]], day: str) -> int:
    """Take so many places of each scope below its limit, one row after the other; of how many there was room."""
    connection = session.connection()
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    room = f"scope = {mark} AND day = {mark} AND used + {mark} <= {mark}"
    statement = f"UPDATE quota_day SET used = used + {mark} WHERE {room}"  # noqa: S608 - marks for parameters, no values
    rows = [(many, scope, day, many, limit) for scope, many, limit in takes]
    return connection.exec_driver_sql(statement, rows).rowcount


def _one_after_the_other(
    session: Session, places: Sequence[Place], day: str, limits: QuotaLimits
) -> dict[str, QuotaExhausted]:
    refused = {}
    for generation_id, account_id in places:
        try:
            reserve(session, account_id, day, limits, generation_id=generation_id)
        except QuotaExhausted as exhausted:
            refused[generation_id] = exhausted
    return refused
