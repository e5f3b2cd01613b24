"""The commit of a release: the last look, in one short transaction, at everything that must still be true.

Likeness rows are locked first, in id order, as a revocation locks them: one of the two is always first, and if it is the
revocation, nothing is released. What names a work also holds the registry's version, which an opt-out must raise. Of a remix,
what it was made from and whom that shows is locked as well: a legal hold there stops it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session

from consent.likeness.registry import hold_registry, lock_likenesses
from moderation.bus.outbox import enqueue
from moderation.gate.decisions import Decision
from moderation.generation.consent import consent_lost, rule_pinned
from moderation.generation.output_stage import queue_output_gate
from moderation.generation.pinned_works import rows_of, works_moved
from moderation.generation.rows import lock_generation, move, pinned_likenesses
from moderation.generation.state import State, Step
from moderation.generation.tables import Asset, Generation, GenerationLikeness
from moderation.ids import new_id
from moderation.messages import GenerationReleased
from moderation.release.holds import ancestors, keep_from_holds, stop_release, stopping
from moderation.release.overtaken import overtake
from moderation.release.tables import Release
from moderation.release.withdraw import order_withdrawal
from moderation.sql import insert_new
from moderation.transparency import audit
from policies.taxonomy import Stage, Verdict
from provenance.ledger import LedgerEntry, record


class Outcome(StrEnum):
    """How a commit ended."""

    RELEASED = "released"
    ALREADY = "already"
    STALE = "stale"
    CONSENT_LOST = "consent_lost"
    RECHECK = "recheck"
    LEGAL_HOLD = "legal_hold"
    OVERTAKEN = "overtaken"
    NOT_DECIDED = "not_decided"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stamped file that lies in staging, proven: what the commit records."""

    generation_id: str
    release_id: str
    output_sha256: str
    decision_id: str
    release_sha256: str
    size_bytes: int
    entry: LedgerEntry


def commit_release(session: Session, prepared: Prepared, *, clock: Callable[[Session], int]) -> Outcome:
    """Release it, or do what must be done instead. `clock` gives milliseconds since the epoch and is read once the locks are
    held: what expired while waiting for them has expired. Conditions, all under lock:

    - the generation waits for release with this very output and this very output decision;
    - request and output stage each have an allow decision, by machine or person;
    - every pinned likeness may be used by this account for this purpose at the current revision and the database's clock;
    - the remixed parent, if any, is still released;
    - the active policy would allow what was allowed under an older one: else it is refused, or held for a person;
    - no legal hold stops it: else it waits until the hold is lifted;
    - every work that it names stands as it did when the output was judged: else it goes back to the output gate;
    - no restriction changed since the output was judged: else it goes back to the output gate.
    """
    pinned = pinned_likenesses(session, prepared.generation_id)
    older = ancestors(session, prepared.generation_id)
    shown = [row.likeness_id for one in older for row in pinned_likenesses(session, one)]
    lock_likenesses(session, [*shown, *(row.likeness_id for row in pinned)])
    if rows_of(session, prepared.generation_id):
        hold_registry(session)
    keep_from_holds(session, older)
    generation = lock_generation(session, prepared.generation_id)
    if State(generation.state) is State.RELEASED:
        return Outcome.ALREADY
    if not _still_waits(generation, prepared):
        return Outcome.STALE
    now_ms = clock(session)
    stopped = _stopped(session, generation, pinned, now_ms)
    if stopped is None:
        _record(session, generation, prepared, now_ms)
    return stopped or Outcome.RELEASED


def _stopped(
    session: Session, generation: Generation, pinned: Sequence[GenerationLikeness], now_ms: int
) -> Outcome | None:
    """What keeps it from being released, with what must be done instead done."""
    if not _decided(session, generation):
        return Outcome.NOT_DECIDED
    lost = consent_lost(session, generation, pinned, now_ms=now_ms)
    if lost:
        _take_back(session, generation, lost, now_ms)
        return Outcome.CONSENT_LOST
    if _works_moved(session, generation, now_ms) or _restrictions_moved(session, generation, pinned, now_ms):
        return Outcome.RECHECK
    if overtake(session, generation, now_ms=now_ms):
        return Outcome.OVERTAKEN
    hold = stopping(session, generation)
    if hold is not None:
        stop_release(session, generation, hold, now_ms=now_ms)
        return Outcome.LEGAL_HOLD
    return None


def _still_waits(generation: Generation, prepared: Prepared) -> bool:
    return (
        State(generation.state) is State.GENERATED
        and generation.output_sha256 == prepared.output_sha256
        and generation.output_decision_id == prepared.decision_id
    )


def _decided(session: Session, generation: Generation) -> bool:
    request = _is_allow(session, generation.id, generation.request_decision_id, Stage.REQUEST)
    return request and _is_allow(session, generation.id, generation.output_decision_id, Stage.OUTPUT)


def _is_allow(session: Session, generation_id: str, decision_id: str | None, stage: Stage) -> bool:
    """Whether it is an allow, of this stage, of this very generation."""
    decision = session.get(Decision, decision_id) if decision_id else None
    if decision is None or decision.generation_id != generation_id:
        return False
    return decision.stage == stage.value and decision.verdict == Verdict.ALLOW.value


def _works_moved(session: Session, generation: Generation, now_ms: int) -> bool:
    """Send the output back to its gate, when a work stands otherwise than when it was judged there."""
    moved = works_moved(session, generation, now_ms=now_ms)
    if moved:
        _send_back(session, generation, f"works:{now_ms}", now_ms)
    return moved


def _restrictions_moved(
    session: Session, generation: Generation, pinned: Sequence[GenerationLikeness], now_ms: int
) -> bool:
    """Pin the new restrictions and send the output back to its gate, when any changed since they were pinned."""
    moved: list[str] = []
    for row in pinned:
        ruling = rule_pinned(session, generation, row, now_ms=now_ms)
        if ruling.restrictions_revision != row.restrictions_revision:
            row.restrictions_revision = ruling.restrictions_revision
            session.add(row)
            moved.append(f"{row.likeness_id}@{row.restrictions_revision}")
    if moved:
        _send_back(session, generation, f"restrictions:{','.join(moved)}", now_ms)
    return bool(moved)


def _send_back(session: Session, generation: Generation, why: str, now_ms: int) -> None:
    move(session, generation, Step.RECHECK, now_ms=now_ms)
    queue_output_gate(session, generation, now_ms=now_ms, why=why)


def _take_back(session: Session, generation: Generation, code: str, now_ms: int) -> None:
    order_withdrawal(session, reason=code, actor="system", now_ms=now_ms, generation_id=generation.id)


def _record(session: Session, generation: Generation, prepared: Prepared, now_ms: int) -> None:
    session.add(
        Release(
            id=prepared.release_id,
            generation_id=generation.id,
            asset_sha256=prepared.release_sha256,
            size_bytes=prepared.size_bytes,
            released_ms=now_ms,
        )
    )
    record(session, prepared.entry)
    insert_new(
        session,
        Asset,
        sha256=prepared.release_sha256,
        role="release",
        account_id=generation.account_id,
        media_type="video/mp4",
        size_bytes=prepared.size_bytes,
        created_ms=now_ms,
    )
    generation.release_id = prepared.release_id
    move(session, generation, Step.RELEASE, now_ms=now_ms)
    message = GenerationReleased(
        generation_id=generation.id, release_id=prepared.release_id, asset_sha256=prepared.release_sha256
    )
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    audit.record(
        session,
        actor="system",
        act="generation.released",
        subject=generation.id,
        detail={"release_id": prepared.release_id, "sha256": prepared.release_sha256},
        at_ms=now_ms,
    )
