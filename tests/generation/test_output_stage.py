"""From the generator's file to release: recorded once, judged, and a person's allow that survives."""

import pytest
from sqlmodel import col, select

from moderation.accounts.models import QuotaReservation
from moderation.accounts.quota import QuotaLimits, reserve
from moderation.bus.jobs import Job, JobRow, Lease
from moderation.gate.decisions import Decision, decisions_of, record_human
from moderation.gate.gate import Judgement
from moderation.generation.jobs import OutputGateJob
from moderation.generation.output_stage import (
    apply_output_judgement,
    output_arrived,
    output_failed,
    overrules_people,
    queue_output_gate,
)
from moderation.generation.rows import get_generation, lock_generation
from moderation.generation.state import State
from moderation.messages import OutputFailed, OutputProduced
from moderation.release.commit import Prepared
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from policies.taxonomy import Category, Stage, Verdict
from tests.support.judgements import finding_of, judged
from tests.support.releases import sha256_of, waiting
from tests.support.service import ACCOUNT, StubApplication


def produced(name: str, file: str = "output") -> OutputProduced:
    """What the generator posts."""
    return OutputProduced(
        generation_id=name, asset_sha256=sha256_of(file), generator="painter", generator_version="1", produced_in_s=1.5
    )  # fmt: skip


def arrive(app: StubApplication, message: OutputProduced) -> bool:
    """Commit its arrival."""
    with app.database.transaction() as session:
        return output_arrived(session, message, now_ms=now_ms(session))


def apply(app: StubApplication, half: Prepared, judgement: Judgement, *, sha256: str = "") -> None:
    """Commit a judgement of its output."""
    with app.database.transaction() as session:
        apply_output_judgement(
            session, half.generation_id, sha256 or half.output_sha256, judgement, now_ms=now_ms(session)
        )


def state_of(app: StubApplication, half: Prepared) -> str:
    """Where it stands."""
    with app.database.read() as session:
        return get_generation(session, half.generation_id).state


def jobs(app: StubApplication, half: Prepared) -> list[str]:
    """Kinds of its jobs, in order."""
    with app.database.read() as session:
        mine = select(JobRow).where(JobRow.subject_id == half.generation_id)
        return [row.kind for row in session.exec(mine.order_by(col(JobRow.sequence)))]


def allow_by_person(app: StubApplication, half: Prepared) -> str:
    """A moderator's allow of this output; its id."""
    with app.database.transaction() as session:
        machine = session.get_one(Decision, half.decision_id)
        decision = record_human(
            session, half.generation_id, stage="output", verdict="allow", moderator="acct_moderator",
            case_id="case_1", reason="seen", machine=machine, now_ms=now_ms(session),
        )  # fmt: skip
        lock_generation(session, half.generation_id).output_decision_id = decision.id
        return decision.id


def test_an_output_is_recorded_and_its_judgement_queued(app: StubApplication) -> None:
    half = waiting(app.database, state=State.APPROVED.value)
    assert arrive(app, produced(half.generation_id))
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
        assert (row.state, row.output_sha256, row.generator, row.progress) == (
            "generated",
            sha256_of("output"),
            "painter 1",
            1.0,
        )
    assert jobs(app, half) == ["gate.output"]


def test_a_second_output_of_a_job_that_ran_twice_is_never_taken(app: StubApplication) -> None:
    half = waiting(app.database, state=State.APPROVED.value)
    assert arrive(app, produced(half.generation_id))
    assert not arrive(app, produced(half.generation_id, "another"))
    with app.database.read() as session:
        assert get_generation(session, half.generation_id).output_sha256 == sha256_of("output")
    assert jobs(app, half) == ["gate.output"]


def test_an_output_for_a_generation_that_no_longer_waits_is_ignored(app: StubApplication) -> None:
    for state in set(State) - {State.APPROVED}:
        half = waiting(app.database, state=state.value)
        failure = OutputFailed(generation_id=half.generation_id, code="generator.timeout")
        assert not arrive(app, produced(half.generation_id))
        with app.database.transaction() as session:
            assert not output_failed(session, failure, now_ms=now_ms(session))
        assert state_of(app, half) == state.value
        assert jobs(app, half) == []


def test_a_failure_ends_it_with_the_generators_code_and_returns_its_place(app: StubApplication) -> None:
    half = waiting(app.database, state=State.APPROVED.value)
    with app.database.transaction() as session:
        reserve(session, ACCOUNT, "2026-03-01", QuotaLimits(5, 5), generation_id=half.generation_id)
    failure = OutputFailed(generation_id=half.generation_id, code="generator.timeout")
    with app.database.transaction() as session:
        assert output_failed(session, failure, now_ms=now_ms(session))
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
        assert (row.state, row.ended_because) == ("failed", "generator.timeout")
        assert session.get_one(QuotaReservation, half.generation_id).returned


def test_an_allow_queues_the_release_of_this_very_file_on_this_very_decision(app: StubApplication) -> None:
    half = waiting(app.database)
    apply(app, half, judged(Verdict.ALLOW, Stage.OUTPUT))
    with app.database.read() as session:
        newest = max(decisions_of(session, half.generation_id), key=lambda one: one.created_ms)
        job = session.exec(select(JobRow)).one()
        assert job.payload == {"sha256": half.output_sha256, "decision_id": newest.id}
        assert get_generation(session, half.generation_id).output_decision_id == newest.id


def test_a_review_holds_the_output_for_a_person(app: StubApplication) -> None:
    half = waiting(app.database)
    apply(app, half, judged(Verdict.REVIEW, Stage.OUTPUT))
    assert state_of(app, half) == "held"
    assert jobs(app, half) == []
    with app.database.read() as session:
        assert get_generation(session, half.generation_id).held_stage == "output"
        assert session.exec(select(ReviewCase)).one().stage == "output"


def test_a_block_refuses_the_output(app: StubApplication) -> None:
    half = waiting(app.database)
    apply(app, half, judged(Verdict.BLOCK, Stage.OUTPUT))
    assert state_of(app, half) == "refused"
    assert jobs(app, half) == []


def test_a_judgement_of_another_file_or_of_one_that_moved_on_counts_for_nothing(app: StubApplication) -> None:
    half, gone = waiting(app.database), waiting(app.database, state=State.WITHDRAWN.value)
    apply(app, half, judged(Verdict.BLOCK, Stage.OUTPUT), sha256=sha256_of("another"))
    apply(app, gone, judged(Verdict.ALLOW, Stage.OUTPUT))
    assert (state_of(app, half), state_of(app, gone)) == ("generated", "withdrawn")
    with app.database.read() as session:
        assert len(decisions_of(session, half.generation_id)) == 2  # the two it came with


@pytest.mark.parametrize("verdict", [Verdict.REVIEW, Verdict.BLOCK])
def test_a_persons_allow_survives_when_the_same_output_is_judged_again(
    app: StubApplication, verdict: Verdict
) -> None:
    half = waiting(app.database)
    allowed = allow_by_person(app, half)
    apply(app, half, judged(verdict, Stage.OUTPUT))
    assert state_of(app, half) == "generated"
    with app.database.read() as session:
        assert get_generation(session, half.generation_id).output_decision_id == allowed
        assert (
            len(decisions_of(session, half.generation_id)) == 4
        )  # the machine's second opinion is on record
    assert jobs(app, half) == ["release"]


def test_a_revoked_face_overrules_a_persons_allow(app: StubApplication) -> None:
    half = waiting(app.database)
    allow_by_person(app, half)
    judgement = finding_of("output.face_revoked", Category.PRIVATE_PERSON)
    assert overrules_people(judgement)
    apply(app, half, judgement)
    assert state_of(app, half) == "refused"


def test_an_absolute_rule_overrules_a_persons_allow(app: StubApplication) -> None:
    half = waiting(app.database)
    allow_by_person(app, half)
    judgement = finding_of("text.absolute", Category.MINORS)
    assert overrules_people(judgement)
    apply(app, half, judgement)
    assert state_of(app, half) == "refused"


def test_a_machines_earlier_allow_does_not_survive_its_own_second_look(app: StubApplication) -> None:
    half = waiting(app.database)
    apply(app, half, judged(Verdict.BLOCK, Stage.OUTPUT))
    assert state_of(app, half) == "refused"


def test_the_same_reason_to_judge_is_queued_once(app: StubApplication) -> None:
    half = waiting(app.database)
    for why in ("restrictions:a", "restrictions:a", "restrictions:b"):
        with app.database.transaction() as session:
            generation = lock_generation(session, half.generation_id)
            queue_output_gate(session, generation, now_ms=now_ms(session), why=why)
    assert jobs(app, half) == ["gate.output"] * 2


def test_an_output_that_cannot_be_read_is_held_and_never_released(app: StubApplication) -> None:
    half = waiting(app.database)  # its output is not in the store
    job = Job("job_1", "gate.output", half.generation_id, {"sha256": half.output_sha256}, 1, 5, 0, 1)
    effect = OutputGateJob(app.judging).run(job, Lease(lambda: True, 30))
    with app.database.transaction() as session:
        effect(session)
    assert state_of(app, half) == "held"
    with app.database.read() as session:
        assert any("asset.missing" in decision.body for decision in decisions_of(session, half.generation_id))


def test_a_gate_that_failed_on_every_attempt_holds_the_output(app: StubApplication) -> None:
    half = waiting(app.database)
    job = Job("job_1", "gate.output", half.generation_id, {"sha256": half.output_sha256}, 5, 5, 0, 1)
    effect = OutputGateJob(app.judging).on_exhausted(job, MemoryError("too large"))
    with app.database.transaction() as session:
        effect(session)
    assert state_of(app, half) == "held"
