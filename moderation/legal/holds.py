"""Which holds are open: read by whoever releases, serves or deletes, in the transaction that does so."""

from collections.abc import Iterable

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from moderation.errors import Kind, ServiceError
from moderation.legal.tables import Effect, LegalHold, Target

PAGE = 200


class HoldUnknown(ServiceError):
    """No open hold has this id."""

    code = "legal.hold_unknown"
    kind = Kind.NOT_FOUND


class HoldTargetUnknown(ServiceError):
    """There is nothing of this id to hold."""

    code = "legal.target_unknown"
    kind = Kind.NOT_FOUND


class OnLegalHold(ServiceError):
    """An order of law keeps it from being served."""

    code = "release.legal_hold"
    kind = Kind.LEGAL


def open_holds(
    session: Session, target: Target, ids: Iterable[str], *, effect: Effect | None = None
) -> tuple[LegalHold, ...]:
    """The open holds on any of `ids`, oldest first; with `effect`, only those that do this."""
    wanted = tuple(ids)
    if not wanted:
        return ()
    statement = select(LegalHold).where(
        LegalHold.target == target.value,
        col(LegalHold.target_id).in_(wanted),
        col(LegalHold.lifted_ms).is_(None),
    )
    if effect is not None:
        statement = statement.where(LegalHold.effect == effect.value)
    ordered = statement.order_by(col(LegalHold.placed_ms), col(LegalHold.id))
    return tuple(session.exec(ordered.execution_options(populate_existing=True)))


def any_stop(session: Session) -> bool:
    """Whether any open hold stops anything: one look at an index, since mostly there is none."""
    stops = select(LegalHold.id).where(
        col(LegalHold.lifted_ms).is_(None), LegalHold.effect == Effect.STOP.value
    )
    return session.exec(stops.limit(1)).first() is not None


def list_holds(
    session: Session, *, all_: bool = False, after: str | None = None, limit: int = PAGE
) -> tuple[LegalHold, ...]:
    """The open holds, or `all_`, oldest first, `limit` at most: those behind the hold `after`. An `after` that is no hold gives
    an empty page."""
    statement = select(LegalHold)
    if not all_:
        statement = statement.where(col(LegalHold.lifted_ms).is_(None))
    order = col(LegalHold.placed_ms), col(LegalHold.id)
    if after is not None:
        edge = session.get(LegalHold, after)
        if edge is None:
            return ()
        statement = statement.where(tuple_(*order) > (edge.placed_ms, edge.id))
    return tuple(session.exec(statement.order_by(*order).limit(limit)))
