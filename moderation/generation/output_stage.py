"""From the generator's file to release: the output is recorded and judged, and the judgement decides what follows.

A person's allow stands when the same output is judged again (DESIGN §5.9, §5.10): only an absolute rule, a revocation or an
owner's own rule overrules it.
"""

from collections.abc import Sequence

from sqlmodel import Session

from moderation.bus.jobs import insert_job
from moderation.gate.decisions import MACHINE, Decision, record_judgement
from moderation.gate.gate import Judgement
from moderation.gate.subjects import PinnedWork
from moderation.generation.pinned_works import note_judged
from moderation.generation.request_stage import hold, reason_code
from moderation.generation.rows import lock_generation, move
from moderation.generation.state import State, Step
from moderation.generation.tables import Generation
from moderation.messages import OutputFailed, OutputProduced
from policies.taxonomy import Stage, Verdict

OUTPUT_GATE = "gate.output"
RELEASE = "release"
OWNERS_WORD = frozenset(
    {"output.face_revoked", "output.voice_revoked", "likeness.restricted", "work.opted_out"}
)
"""What only the owner of a likeness, or the holder of the rights, can lift: nobody consents in their place."""


def output_arrived(session: Session, message: OutputProduced, *, now_ms: int) -> bool:
    """Record the generator's file and queue its judgement. False when the generation no longer waits for one: cancelled,
    refused, or a second file of a job that ran twice; that file is never released."""
    generation = lock_generation(session, message.generation_id)
    if State(generation.state) is not State.APPROVED:
        return False
    move(session, generation, Step.PRODUCE, now_ms=now_ms)
    generation.output_sha256 = message.asset_sha256
    generation.generator = f"{message.generator} {message.generator_version}"
    generation.progress = 1.0
    session.add(generation)
    queue_output_gate(session, generation, now_ms=now_ms, why="produced")
    return True


def output_failed(session: Session, message: OutputFailed, *, now_ms: int) -> bool:
    """The generator gave up: the generation fails and its capacity is returned. False when it has moved on."""
    generation = lock_generation(session, message.generation_id)
    if State(generation.state) is not State.APPROVED:
        return False
    move(session, generation, Step.FAIL, now_ms=now_ms, because=message.code)
    return True


def queue_output_gate(session: Session, generation: Generation, *, now_ms: int, why: str) -> None:
    """Queue a judgement of the output; once for each reason to judge."""
    insert_job(
        session,
        kind=OUTPUT_GATE,
        subject_id=generation.id,
        payload={"sha256": generation.output_sha256},
        now_ms=now_ms,
        dedupe_key=f"{OUTPUT_GATE}:{generation.id}:{why}",
    )


def apply_output_judgement(
    session: Session,
    generation_id: str,
    sha256: str,
    judgement: Judgement,
    *,
    works: Sequence[PinnedWork] = (),
    now_ms: int,
) -> None:
    """Record the decision on this very file and take the step it means. A generation that has moved on is left alone."""
    generation = lock_generation(session, generation_id)
    if State(generation.state) is not State.GENERATED or generation.output_sha256 != sha256:
        return
    note_judged(session, generation_id, works)
    standing = standing_allow(session, generation)
    decision = record_judgement(session, generation_id, judgement, now_ms=now_ms)
    if standing is not None and not overrules_people(judgement):
        clear_output(session, generation, standing, now_ms=now_ms)
        return
    generation.output_decision_id = decision.id
    match judgement.verdict:
        case Verdict.ALLOW:
            clear_output(session, generation, decision, now_ms=now_ms)
        case Verdict.REVIEW:
            hold(session, generation, decision, Stage.OUTPUT, now_ms=now_ms)
        case Verdict.BLOCK:
            move(session, generation, Step.REFUSE, now_ms=now_ms, because=reason_code(judgement))


def standing_allow(session: Session, generation: Generation) -> Decision | None:
    """A person's allow of this output, if there is one."""
    decision = session.get(Decision, generation.output_decision_id) if generation.output_decision_id else None
    return (
        decision
        if decision and decision.actor != MACHINE and decision.verdict == Verdict.ALLOW.value
        else None
    )


def overrules_people(judgement: Judgement) -> bool:
    """Whether the judgement rests on an absolute rule or an owner's word, which no moderator may overrule."""
    owners = any(f.signal in OWNERS_WORD for report in judgement.reports for f in report.findings)
    return judgement.ruling.absolute or owners


def clear_output(session: Session, generation: Generation, decision: Decision, *, now_ms: int) -> None:
    """The output may be released on the strength of `decision`: queue the release."""
    move(session, generation, Step.CLEAR_OUTPUT, now_ms=now_ms)
    generation.output_decision_id = decision.id
    generation.held_stage = ""
    session.add(generation)
    insert_job(
        session,
        kind=RELEASE,
        subject_id=generation.id,
        payload={"sha256": generation.output_sha256, "decision_id": decision.id},
        now_ms=now_ms,
        dedupe_key=f"{RELEASE}:{generation.id}:{decision.id}:{now_ms}",
    )
