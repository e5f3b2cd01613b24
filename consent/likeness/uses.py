"""Counted grants: a use is reserved when a generation is approved and returned when it fails, each once, whatever is retried."""

from typing import ClassVar

from sqlalchemy import update
from sqlmodel import Session, col, select

from consent.errors import ConsentError
from consent.likeness.models import Grant, GrantUse
from consent.rows import rows_changed

RESERVED = "reserved"
RETURNED = "returned"
CARRIED = "carried"
_HELD = (RESERVED, CARRIED)


class UseExhausted(ConsentError):
    """Someone else took the last use between the ruling and the reservation."""

    code: ClassVar[str] = "likeness.used_up"


def reserve_use(session: Session, *, grant_id: str, generation_id: str, now_ms: int) -> None:
    """Take one use for the generation in the caller's transaction; a second call for the same generation takes nothing.

    A use that is never returned is spent. A grant without a count may be held too; that takes nothing. Raises `UseExhausted`.
    """
    use = _locked_use(session, grant_id, generation_id)
    if use is not None and use.state in _HELD:
        return
    _take(session, grant_id)
    if use is None:
        use = GrantUse(generation_id=generation_id, grant_id=grant_id, changed_ms=now_ms)
    use.state = RESERVED
    use.changed_ms = now_ms
    session.add(use)
    session.flush()


def return_uses(session: Session, *, generation_id: str, now_ms: int) -> int:
    """Give back every use the generation holds (it failed or was refused); returns how many. Doing it again returns 0.

    A use carried over from earlier terms ends without adding to the count that the owner has set since.
    """
    held = session.exec(
        select(GrantUse)
        .where(GrantUse.generation_id == generation_id, col(GrantUse.state).in_(_HELD))
        .order_by(col(GrantUse.grant_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for use in held:
        if use.state == RESERVED:
            counted = col(Grant.id) == use.grant_id, col(Grant.uses_left).is_not(None)
            session.execute(update(Grant).where(*counted).values(uses_left=col(Grant.uses_left) + 1))
        use.state = RETURNED
        use.changed_ms = now_ms
        session.add(use)
    session.flush()
    return len(held)


def held_grants(session: Session, generation_id: str) -> frozenset[str]:
    """Ids of the grants of which the generation holds a use."""
    statement = select(GrantUse.grant_id).where(
        GrantUse.generation_id == generation_id, col(GrantUse.state).in_(_HELD)
    )
    return frozenset(session.exec(statement))


def carry_over(session: Session, grant_id: str) -> None:
    """The terms changed: uses held now stay good for their generations but belong to no count any more."""
    held = col(GrantUse.grant_id) == grant_id, col(GrantUse.state) == RESERVED
    session.execute(update(GrantUse).where(*held).values(state=CARRIED))


def _take(session: Session, grant_id: str) -> None:
    """One conditional UPDATE, so that two sessions cannot both take the last use."""
    free = col(Grant.id) == grant_id, col(Grant.uses_left) > 0
    if rows_changed(session, update(Grant).where(*free).values(uses_left=col(Grant.uses_left) - 1)):
        return
    grant = session.get(Grant, grant_id, populate_existing=True)
    if grant is None or grant.uses_left is not None:
        raise UseExhausted(f"grant_id: no use of grant {grant_id!r} is left; ask the owner for more")


def _locked_use(session: Session, grant_id: str, generation_id: str) -> GrantUse | None:
    statement = (
        select(GrantUse)
        .where(GrantUse.grant_id == grant_id, GrantUse.generation_id == generation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(statement).one_or_none()
