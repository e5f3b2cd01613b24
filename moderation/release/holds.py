"""Legal holds at work: placing and lifting them, what they stop, and what they preserve.

A hold takes the row lock that a release takes, of the generation or of the likeness, its own or its ancestors', so that one of
the two is first. A release that is stopped waits in `held` for the law, not for people; lifting the last hold lets it go on from
there.
"""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from consent.likeness.registry import lock_likenesses
from moderation.bus.jobs import insert_job
from moderation.gate.decisions import Decision
from moderation.generation.output_stage import clear_output
from moderation.generation.rows import GenerationUnknown, lock_generation, move, pinned_likenesses, request_of
from moderation.generation.state import State, Step
from moderation.generation.tables import Generation, GenerationLikeness, LikenessPortrait
from moderation.ids import new_id
from moderation.legal.holds import HoldTargetUnknown, HoldUnknown, any_stop, open_holds
from moderation.legal.tables import DeferredErasure, Effect, LegalHold, Target
from moderation.transparency import audit

LEGAL = "legal"
"""The held stage of a generation whose release the law stops."""
ERASE = "erase.deferred"


def place_hold(
    session: Session,
    *,
    target: Target,
    target_id: str,
    reference: str,
    actor: str,
    now_ms: int,
    effect: Effect = Effect.STOP,
) -> LegalHold:
    """From this commit on it is preserved and, unless `effect` says otherwise, neither released nor served.

    `reference` names the order: an id or a docket number. Raises `HoldTargetUnknown`, and `ValueError` for a sentence.
    """
    _lock(session, target, target_id)
    hold = LegalHold(
        id=new_id("hold"), target=target.value, target_id=target_id, effect=effect.value, reference=reference,
        placed_by=actor, placed_ms=now_ms,
    )  # fmt: skip
    session.add(hold)
    detail = {"target": target.value, "target_id": target_id, "effect": effect.value, "reference": reference}
    audit.record(session, actor=actor, act="legal.hold_placed", subject=hold.id, detail=detail, at_ms=now_ms)
    session.flush()
    return hold


def lift_hold(session: Session, hold_id: str, *, actor: str, now_ms: int) -> LegalHold:
    """The order ended: what it alone stopped goes on, what it alone preserved may be deleted. Raises `HoldUnknown`."""
    hold = session.get(LegalHold, hold_id, populate_existing=True, with_for_update=True)
    if hold is None or hold.lifted_ms is not None:
        raise HoldUnknown(
            "no open hold has this id",
            field="hold_id",
            value=hold_id,
            remedy="list them: safeconduct hold list",
        )
    _lock(session, Target(hold.target), hold.target_id)
    hold.lifted_ms, hold.lifted_by = now_ms, actor
    session.add(hold)
    detail = {"target": hold.target, "target_id": hold.target_id, "reference": hold.reference}
    audit.record(session, actor=actor, act="legal.hold_lifted", subject=hold.id, detail=detail, at_ms=now_ms)
    session.flush()
    _go_on(session, now_ms)
    _erase_what_waits(session, now_ms)
    return hold


def stop_release(session: Session, generation: Generation, hold: LegalHold, *, now_ms: int) -> None:
    """Its release waits for the law."""
    move(session, generation, Step.HOLD, now_ms=now_ms)
    generation.held_stage = LEGAL
    session.add(generation)
    audit.record(
        session, actor="system", act="generation.held_by_law", subject=generation.id, detail={"hold_id": hold.id}, at_ms=now_ms
    )  # fmt: skip


def stopping(session: Session, generation: Generation) -> LegalHold | None:
    """The oldest open hold that stops it: on itself, on whom it shows, or on what it was remixed from."""
    if not any_stop(session):
        return None
    line = lineage(session, generation)
    holds = open_holds(session, Target.GENERATION, line, effect=Effect.STOP)
    if not holds:
        shown = {row.likeness_id for one in line for row in pinned_likenesses(session, one)}
        holds = open_holds(session, Target.LIKENESS, sorted(shown), effect=Effect.STOP)
    return holds[0] if holds else None


def ancestors(session: Session, generation_id: str) -> tuple[str, ...]:
    """Ids of what it was remixed from, nearest first; they never change, so no lock is needed to read them."""
    line: dict[str, None] = {}
    current: str | None = generation_id
    while current and current not in line:
        line[current] = None
        parent = select(Generation.remix_parent).where(Generation.id == current)
        current = session.exec(parent).one_or_none()
    return tuple(line)[1:]


def keep_from_holds(session: Session, generation_ids: Sequence[str]) -> None:
    """Let no hold be placed on these, or lifted, until the transaction ends, beside others who do the same. Whom they show must
    be locked before."""
    if generation_ids:
        rows = select(Generation.id).where(col(Generation.id).in_(generation_ids))
        session.exec(rows.order_by(col(Generation.id)).with_for_update(read=True)).all()


def lineage(session: Session, generation: Generation) -> tuple[str, ...]:
    """The generation's id and those of what it was remixed from, nearest first."""
    line: dict[str, None] = {}
    current: Generation | None = generation
    while current is not None and current.id not in line:
        line[current.id] = None
        parent = current.remix_parent
        current = session.get(Generation, parent) if parent else None
    return tuple(line)


def preserved(session: Session, likeness_id: str) -> bool:
    """Whether the likeness' templates and portraits must stay: a hold is on it, on a generation that shows it, or on one that was
    made from one of its portraits."""
    if open_holds(session, Target.LIKENESS, (likeness_id,)):
        return True
    held = select(LegalHold.target_id).where(
        LegalHold.target == Target.GENERATION.value, col(LegalHold.lifted_ms).is_(None)
    )
    shown = select(GenerationLikeness).where(
        GenerationLikeness.likeness_id == likeness_id, col(GenerationLikeness.generation_id).in_(held)
    )
    if session.exec(shown).first() is not None:
        return True
    portraits = select(LikenessPortrait.asset_sha256).where(LikenessPortrait.likeness_id == likeness_id)
    given: Sequence[str] = session.exec(portraits).all()
    return not preserved_files(session).isdisjoint(given)


def preserved_files(session: Session) -> frozenset[str]:
    """Addresses of the uploads that generations under hold were made from."""
    held = select(LegalHold.target_id).where(
        LegalHold.target == Target.GENERATION.value, col(LegalHold.lifted_ms).is_(None)
    )
    shown = select(GenerationLikeness.generation_id).where(
        col(GenerationLikeness.likeness_id).in_(
            select(LegalHold.target_id).where(
                LegalHold.target == Target.LIKENESS.value, col(LegalHold.lifted_ms).is_(None)
            )
        )
    )
    rows = session.exec(
        select(Generation).where(col(Generation.id).in_(held) | col(Generation.id).in_(shown))
    )
    return frozenset(sha256 for row in rows for sha256 in request_of(row).references)


def defer_erasure(session: Session, likeness_id: str, *, actor: str, now_ms: int) -> None:
    """Remember that the owner wants it erased; once, whoever asks again."""
    row = session.get(DeferredErasure, likeness_id, populate_existing=True)
    if row is not None and row.done_ms is None:
        return
    if row is None:
        row = DeferredErasure(likeness_id=likeness_id, actor=actor, asked_ms=now_ms)
    row.actor, row.asked_ms, row.done_ms = actor, now_ms, None
    session.add(row)
    _note(session, "likeness.erasure_deferred", likeness_id, actor, "legal_hold", now_ms)


def drop_erasure(session: Session, likeness_id: str, *, actor: str, now_ms: int) -> None:
    """Its owner wants to keep it after all: nothing is erased when the last hold is lifted, until they ask again."""
    row = session.get(DeferredErasure, likeness_id, populate_existing=True)
    if row is None or row.done_ms is not None:
        return
    row.done_ms = now_ms
    session.add(row)
    _note(session, "likeness.erasure_dropped", likeness_id, actor, "restored", now_ms)


def _note(session: Session, act: str, likeness_id: str, actor: str, why: str, now_ms: int) -> None:
    audit.record(session, actor=actor, act=act, subject=likeness_id, detail={"why": why}, at_ms=now_ms)


def _lock(session: Session, target: Target, target_id: str) -> None:
    if target is Target.LIKENESS:
        found: Sequence[object] = lock_likenesses(session, (target_id,))
    else:
        lock_likenesses(session, [row.likeness_id for row in pinned_likenesses(session, target_id)])
        try:
            found = (lock_generation(session, target_id),)
        except GenerationUnknown:
            found = ()
    if not found:
        raise HoldTargetUnknown(
            f"no {target.value} has this id", field="target_id", value=target_id, remedy="correct the id"
        )


def _go_on(session: Session, now_ms: int) -> None:
    """Queue the releases that no hold stops any more."""
    for generation_id in _waiting_for_law(session):
        generation = lock_generation(session, generation_id)
        waits = State(generation.state) is State.HELD and generation.held_stage == LEGAL
        if waits and stopping(session, generation) is None:
            decision = session.get_one(Decision, generation.output_decision_id)
            clear_output(session, generation, decision, now_ms=now_ms)


def _waiting_for_law(session: Session) -> Iterable[str]:
    waiting = select(Generation.id).where(
        Generation.state == State.HELD.value, Generation.held_stage == LEGAL
    )
    return session.exec(waiting.order_by(col(Generation.id))).all()


def _erase_what_waits(session: Session, now_ms: int) -> None:
    waiting = select(DeferredErasure).where(col(DeferredErasure.done_ms).is_(None))
    for row in session.exec(waiting.order_by(col(DeferredErasure.likeness_id))).all():
        if not preserved(session, row.likeness_id):
            insert_job(
                session,
                kind=ERASE,
                subject_id=row.likeness_id,
                payload={},
                now_ms=now_ms,
                dedupe_key=f"{ERASE}:{row.likeness_id}:{now_ms}",
                max_attempts=100,
            )
