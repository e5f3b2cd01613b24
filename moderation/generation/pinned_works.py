"""The works a generation was judged with: pinned with what their rights-holders said then, and asked about until it is out.

A rights-holder may refuse, or a licence end, at any time between the verdict and the release. The request's decision pins each
work with its standing; the output gate judges what has changed since; the release commits only what has not changed since that.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from moderation.gate.subjects import PinnedWork, WorkUse
from moderation.generation.tables import Generation, GenerationWork
from moderation.generation.works import standing_now
from moderation.sql import insert_new
from moderation.store import now_ms as clock

OPTED_OUT = "opted_out"


def pin_works(session: Session, generation: Generation, works: Sequence[WorkUse]) -> None:
    """Pin what the request was judged with, and what the video that it remixes was released with."""
    for use in works:
        _pin(session, generation.id, use.work_id, use.use, use.name, use.franchise_id, use.standing)
    for row in rows_of(session, generation.remix_parent or ""):
        _pin(session, generation.id, row.work_id, row.use, row.name, row.franchise_id, row.judged)


def rows_of(session: Session, generation_id: str) -> Sequence[GenerationWork]:
    """The pinned works, in a fixed order."""
    statement = (
        select(GenerationWork)
        .where(GenerationWork.generation_id == generation_id)
        .order_by(col(GenerationWork.work_id), col(GenerationWork.use))
        .execution_options(populate_existing=True)
    )
    return session.exec(statement).all()


def works_of(session: Session, generation: Generation, *, now_ms: int) -> tuple[PinnedWork, ...]:
    """The pinned works as they stood when the request was decided, and as they stand now."""
    return tuple(
        PinnedWork(row.work_id, row.name, row.use, row.approved, _now(session, generation, row, now_ms))
        for row in rows_of(session, generation.id)
    )


def note_judged(session: Session, generation_id: str, works: Sequence[PinnedWork]) -> None:
    """The output was judged with the works standing so."""
    standing = {(work.work_id, work.use): work.standing for work in works}
    for row in rows_of(session, generation_id):
        if (row.work_id, row.use) in standing:
            row.judged = standing[row.work_id, row.use]
            session.add(row)


def works_moved(session: Session, generation: Generation, *, now_ms: int) -> bool:
    """Whether any work stands otherwise than when the output was last judged."""
    return any(
        _now(session, generation, row, now_ms) != row.judged for row in rows_of(session, generation.id)
    )


def refused_since(session: Session, generation: Generation) -> str:
    """The name of a work whose rights-holder has refused since it was last judged; empty when none did."""
    rows = [row for row in rows_of(session, generation.id) if row.judged != OPTED_OUT]
    if not rows:
        return ""
    at = clock(session)
    return next((row.name for row in rows if _now(session, generation, row, at) == OPTED_OUT), "")


def naming(session: Session, work_id: str) -> list[str]:
    """Ids of the generations that name the work, or something that belongs to it, and whose account is refused it now."""
    mine = or_(col(GenerationWork.work_id) == work_id, col(GenerationWork.franchise_id) == work_id)
    named = select(Generation).join(GenerationWork, col(GenerationWork.generation_id) == col(Generation.id))
    found = session.exec(named.where(mine).distinct().order_by(col(Generation.id))).all()
    return [generation.id for generation in found if refused_since(session, generation)]


def _now(session: Session, generation: Generation, row: GenerationWork, now_ms: int) -> str:
    return standing_now(session, row.work_id, row.franchise_id, generation.account_id, now_ms=now_ms)


def _pin(
    session: Session, generation_id: str, work_id: str, use: str, name: str, franchise_id: str, standing: str
) -> None:
    insert_new(
        session,
        GenerationWork,
        generation_id=generation_id,
        work_id=work_id,
        use=use,
        name=name[:200],
        franchise_id=franchise_id,
        approved=standing,
        judged=standing,
    )
