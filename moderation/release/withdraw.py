"""Taking back: everything a revoked likeness is in, and everything made from that.

A withdrawal is asynchronous and idempotent: serving refuses from the revocation's commit on, this sweep then tidies up and
writes a receipt for everything it reached and everything it could not.
"""

from collections import deque
from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from moderation.bus.jobs import insert_job
from moderation.bus.outbox import enqueue
from moderation.generation.pinned_works import naming
from moderation.generation.rows import lock_generation, move
from moderation.generation.state import FINAL, State, Step
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.ids import new_id
from moderation.messages import GenerationWithdrawn
from moderation.release.tables import Receipt, Release, ReleaseState, Withdrawal
from moderation.sql import insert_new
from moderation.transparency import audit

WITHDRAW = "withdraw"
COPIES = "served_copies"
GENERATION = "generation"
PAUSE_MS = 60_000
"""Before a sweep that failed on every attempt is begun again."""


def order_withdrawal(
    session: Session,
    *,
    reason: str,
    actor: str,
    now_ms: int,
    likeness_id: str = "",
    generation_id: str = "",
    work_id: str = "",
) -> str:
    """Record a withdrawal and queue its sweep, in the caller's transaction; returns its id."""
    withdrawal = Withdrawal(
        id=new_id("wdr"),
        likeness_id=likeness_id,
        generation_id=generation_id,
        work_id=work_id,
        reason=reason,
        actor=actor,
        started_ms=now_ms,
    )
    session.add(withdrawal)
    session.flush()
    queue_sweep(session, withdrawal.id, now_ms=now_ms)
    audit.record(
        session,
        actor=actor,
        act="withdrawal.ordered",
        subject=withdrawal.id,
        detail={
            "likeness_id": likeness_id,
            "generation_id": generation_id,
            "work_id": work_id,
            "reason": reason,
        },
        at_ms=now_ms,
    )
    return withdrawal.id


def queue_sweep(session: Session, withdrawal_id: str, *, now_ms: int, after: str = "") -> None:
    """Queue the sweep of a withdrawal; `after` names the job that failed for good, if one did: then in `PAUSE_MS`."""
    insert_job(
        session,
        kind=WITHDRAW,
        subject_id=withdrawal_id,
        payload={},
        now_ms=now_ms,
        dedupe_key=f"{withdrawal_id}:{after}",
        run_after_ms=now_ms + PAUSE_MS if after else 0,
        max_attempts=100,
    )


def affected(session: Session, withdrawal: Withdrawal) -> tuple[str, ...]:
    """Ids of the generations it is about, parents before their remixes, each once."""
    if withdrawal.generation_id:
        roots = [withdrawal.generation_id]
    elif withdrawal.work_id:
        roots = naming(session, withdrawal.work_id)
    else:
        statement = (
            select(GenerationLikeness.generation_id)
            .where(GenerationLikeness.likeness_id == withdrawal.likeness_id)
            .order_by(col(GenerationLikeness.generation_id))
        )
        roots = list(session.exec(statement))
    return tuple(_with_descendants(session, roots))


def withdraw_one(session: Session, withdrawal: Withdrawal, generation_id: str, *, now_ms: int) -> None:
    """Take one generation back and write its receipt. A generation that ended before needs nothing, and says so."""
    generation = lock_generation(session, generation_id)
    state = State(generation.state)
    if not _new_receipt(session, withdrawal, generation_id, GENERATION, _outcome(state), now_ms):
        return
    if state in {State.REQUESTED, State.APPROVED}:
        move(session, generation, Step.CANCEL, now_ms=now_ms, because=withdrawal.reason)
    elif state not in FINAL:
        _withdraw(session, withdrawal, generation, now_ms)


def finish(session: Session, withdrawal_id: str, *, now_ms: int) -> None:
    """Mark the sweep as done."""
    withdrawal = session.get_one(Withdrawal, withdrawal_id, populate_existing=True)
    if withdrawal.done_ms is None:
        withdrawal.done_ms = now_ms
        session.add(withdrawal)


def receipts_of(session: Session, withdrawal_id: str) -> tuple[Receipt, ...]:
    """What it reached, in the order it was reached."""
    statement = (
        select(Receipt)
        .where(Receipt.withdrawal_id == withdrawal_id)
        .order_by(col(Receipt.at_ms), col(Receipt.target))
    )
    return tuple(session.exec(statement))


def count_receipts(session: Session, withdrawal_id: str, *, reached: bool) -> int:
    """How many things it reached, or could not reach."""
    unreachable = col(Receipt.outcome) == "unreachable"
    condition = ~unreachable if reached else unreachable
    statement = select(func.count()).where(Receipt.withdrawal_id == withdrawal_id, condition)
    return session.exec(statement).one()


def _withdraw(session: Session, withdrawal: Withdrawal, generation: Generation, now_ms: int) -> None:
    move(session, generation, Step.WITHDRAW, now_ms=now_ms, because=withdrawal.reason)
    unreachable = 0
    release = _release_of(session, generation.id)
    if release is not None:
        release.state = ReleaseState.WITHDRAWN.value
        release.withdrawn_ms = now_ms
        session.add(release)
        if release.served:
            unreachable = release.served
            detail = f"{release.served} copies were downloaded before; they carry our credential, which now verifies as withdrawn"
            _new_receipt(session, withdrawal, generation.id, COPIES, "unreachable", now_ms, detail)
    message = GenerationWithdrawn(
        generation_id=generation.id,
        withdrawal_id=withdrawal.id,
        reason=withdrawal.reason,
        reached=1,
        unreachable=unreachable,
    )
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)


def _release_of(session: Session, generation_id: str) -> Release | None:
    statement = select(Release).where(Release.generation_id == generation_id).with_for_update()
    return session.exec(statement, execution_options={"populate_existing": True}).one_or_none()


def _new_receipt(
    session: Session,
    withdrawal: Withdrawal,
    target: str,
    kind: str,
    outcome: str,
    now_ms: int,
    detail: str = "",
) -> bool:
    return insert_new(
        session,
        Receipt,
        withdrawal_id=withdrawal.id,
        target=target,
        kind=kind,
        outcome=outcome,
        detail=detail,
        at_ms=now_ms,
    )


def _outcome(state: State) -> str:
    if state in FINAL:
        return f"already_{state.value}"
    return "cancelled" if state in {State.REQUESTED, State.APPROVED} else "withdrawn"


def _with_descendants(session: Session, roots: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = deque(roots)
    while waiting:
        generation_id = waiting.popleft()
        if generation_id in seen:
            continue
        seen.add(generation_id)
        yield generation_id
        waiting.extend(session.exec(select(Generation.id).where(Generation.remix_parent == generation_id)))
