"""From the request gate's judgement to approved, held or refused, in one transaction."""

import pytest
from sqlmodel import col, select

from consent.likeness.models import Grant
from moderation.accounts.models import QuotaReservation
from moderation.accounts.quota import QuotaLimits, day_of, reserve
from moderation.bus.jobs import Job, JobRow, Lease
from moderation.bus.outbox import OutboxRow
from moderation.gate.decisions import decisions_of
from moderation.gate.gate import Judgement
from moderation.gate.subjects import LikenessUse
from moderation.generation.facts import likeness_uses
from moderation.generation.jobs import RequestGateJob, unjudged
from moderation.generation.request_stage import ConsentMoved, RequestStage
from moderation.generation.rows import get_generation, pinned_likenesses
from moderation.generation.state import State
from moderation.generation.submit import receive
from moderation.likenesses.commands import revoke_likeness
from moderation.messages import GenerationApproved, GenerationRequested, decode
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from policies.taxonomy import Stage, Verdict
from tests.support.judgements import GATE, judged
from tests.support.service import ACCOUNT, Person, StubApplication, ask, enrol_person, give

STAGE = RequestStage(GATE, QuotaLimits(account=2, total=100))


def received(app: StubApplication, *people: Person) -> GenerationRequested:
    """A request on record."""
    request = ask("a lighthouse", *people)
    with app.database.transaction() as session:
        receive(session, request, now_ms=now_ms(session))
    return request


def uses_of(app: StubApplication, request: GenerationRequested) -> tuple[LikenessUse, ...]:
    """The registry's answers, as the gate saw them."""
    with app.database.read() as session:
        return likeness_uses(session, request, now_ms=now_ms(session))


def apply(
    app: StubApplication,
    request: GenerationRequested,
    judgement: Judgement,
    uses: tuple[LikenessUse, ...] | None = None,
    stage: RequestStage = STAGE,
) -> None:
    """Commit the judgement."""
    seen = uses_of(app, request) if uses is None else uses
    with app.database.transaction() as session:
        stage.apply(session, request.generation_id, judgement, seen, now_ms=now_ms(session))


def state_of(app: StubApplication, request: GenerationRequested) -> tuple[str, str]:
    """State and reason."""
    with app.database.read() as session:
        row = get_generation(session, request.generation_id)
        return row.state, row.ended_because


def approved_events(app: StubApplication) -> list[GenerationApproved]:
    """Briefs on their way to the generator."""
    with app.database.read() as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.topic == "generation.approved"))
        messages = [decode(row.value).open() for row in rows]
    return [message for message in messages if isinstance(message, GenerationApproved)]


def reservation(app: StubApplication, request: GenerationRequested) -> QuotaReservation | None:
    """Its place in the quota."""
    with app.database.read() as session:
        return session.get(QuotaReservation, request.generation_id)


def test_an_allow_approves_pins_reserves_and_sends_the_brief(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    request = received(app, person)
    apply(app, request, judged(Verdict.ALLOW))
    assert state_of(app, request) == ("approved", "")
    place = reservation(app, request)
    assert place is not None
    assert not place.returned
    (event,) = approved_events(app)
    with app.database.read() as session:
        (pinned,) = pinned_likenesses(session, request.generation_id)
        (decision,) = decisions_of(session, request.generation_id)
        assert get_generation(session, request.generation_id).request_decision_id == decision.id
    assert (pinned.likeness_id, pinned.handle, pinned.revision) == (person.likeness_id, "person_1", 2)
    assert event.decision_id == decision.id
    assert event.brief.prompt == request.prompt
    assert [likeness.likeness_id for likeness in event.brief.likenesses] == [person.likeness_id]


def test_a_review_holds_it_and_opens_a_case_and_reserves_nothing(app: StubApplication) -> None:
    request = received(app)
    apply(app, request, judged(Verdict.REVIEW))
    assert state_of(app, request)[0] == "held"
    assert reservation(app, request) is None
    assert approved_events(app) == []
    with app.database.read() as session:
        case = session.exec(select(ReviewCase)).one()
        assert get_generation(session, request.generation_id).held_stage == "request"
        assert case.decision_id == decisions_of(session, request.generation_id)[0].id


def test_a_block_refuses_it_for_the_rules_reason(app: StubApplication) -> None:
    request = received(app)
    judgement = judged(Verdict.BLOCK)
    apply(app, request, judgement)
    assert judgement.ruling.deciding is not None
    assert state_of(app, request) == ("refused", judgement.ruling.deciding.reason)
    assert reservation(app, request) is None


def test_a_quota_that_went_meanwhile_turns_the_allow_into_a_refusal_that_says_so(
    app: StubApplication,
) -> None:
    with app.database.transaction() as session:
        today = day_of(now_ms(session))
        for number in range(2):
            reserve(session, ACCOUNT, today, STAGE.limits, generation_id=f"gen_before_{number}")
    person = enrol_person(app, 1, uses_left=1)
    request = received(app, person)
    apply(app, request, judged(Verdict.ALLOW))
    assert state_of(app, request)[0] == "refused"
    with app.database.read() as session:
        (decision,) = decisions_of(session, request.generation_id)
        assert decision.verdict == "block"
        assert "account.quota_exhausted" in decision.body
        assert session.exec(select(Grant)).one().uses_left == 1  # the use it had taken came back
    assert reservation(app, request) is None


def test_consent_that_moved_since_it_was_judged_commits_nothing_and_is_judged_again(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    request = received(app, person)
    seen = uses_of(app, request)
    with app.database.transaction() as session:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    with pytest.raises(ConsentMoved, match="revision 2 to 3"):
        apply(app, request, judged(Verdict.ALLOW), seen)
    assert state_of(app, request)[0] == "requested"
    with app.database.read() as session:
        assert decisions_of(session, request.generation_id) == ()
        assert pinned_likenesses(session, request.generation_id) == ()


def test_a_permission_that_came_meanwhile_is_judged_again_too(app: StubApplication) -> None:
    person = enrol_person(app, 1, grant=False)
    request = received(app, person)
    seen = uses_of(app, request)
    assert seen[0].code == "likeness.not_granted"
    give(app.database, person)
    with pytest.raises(ConsentMoved):
        apply(app, request, judged(Verdict.BLOCK), seen)


def test_each_approval_takes_one_counted_use_and_the_last_one_refuses_the_next(app: StubApplication) -> None:
    person = enrol_person(app, 1, uses_left=1)
    first, second = received(app, person), received(app, person)
    seen = uses_of(app, second)  # judged before the first was approved
    apply(app, first, judged(Verdict.ALLOW))
    with app.database.read() as session:
        assert session.exec(select(Grant)).one().uses_left == 0
    with pytest.raises(ConsentMoved):
        apply(app, second, judged(Verdict.ALLOW), seen)
    assert state_of(app, second)[0] == "requested"


def test_applying_twice_takes_one_place_and_sends_one_brief(app: StubApplication) -> None:
    person = enrol_person(app, 1, uses_left=3)
    request = received(app, person)
    for _ in range(2):
        apply(app, request, judged(Verdict.ALLOW))
    assert len(approved_events(app)) == 1
    with app.database.read() as session:
        assert len(decisions_of(session, request.generation_id)) == 1
        assert session.exec(select(Grant)).one().uses_left == 2


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_generation_that_was_cancelled_meanwhile_stays_so(app: StubApplication, verdict: Verdict) -> None:
    request = received(app)
    with app.database.transaction() as session:
        get_generation(session, request.generation_id).state = State.CANCELLED.value
    apply(app, request, judged(verdict))
    assert state_of(app, request)[0] == "cancelled"
    with app.database.read() as session:
        assert decisions_of(session, request.generation_id) == ()


def test_a_gate_that_failed_on_every_attempt_holds_the_request_for_a_person(app: StubApplication) -> None:
    request = received(app)
    handler = RequestGateJob(app.judging, STAGE)
    job = Job("job_1", "gate.request", request.generation_id, {}, 5, 5, 0, 1)
    for _ in range(2):  # the second finds it held, and leaves it
        effect = handler.on_exhausted(job, TimeoutError("the database did not answer"))
        with app.database.transaction() as session:
            effect(session)
    assert state_of(app, request)[0] == "held"
    with app.database.read() as session:
        (decision,) = decisions_of(session, request.generation_id)
        assert '"cause":"exhausted.TimeoutError"' in decision.body
        assert len(session.exec(select(ReviewCase)).all()) == 1


def test_an_unjudged_judgement_is_a_review_at_each_stage() -> None:
    for stage in (Stage.REQUEST, Stage.OUTPUT):
        assert unjudged(GATE, stage, ValueError()).verdict is Verdict.REVIEW


def test_the_gates_job_has_nothing_to_do_for_a_generation_that_moved_on(app: StubApplication) -> None:
    request = received(app)
    apply(app, request, judged(Verdict.BLOCK))
    job = Job("job_1", "gate.request", request.generation_id, {}, 1, 5, 0, 1)
    effect = RequestGateJob(app.judging, STAGE).run(job, Lease(lambda: True, 30))
    with app.database.transaction() as session:
        effect(session)
    assert state_of(app, request)[0] == "refused"


def test_the_gates_job_judges_with_the_real_checks_and_approves(app: StubApplication) -> None:
    enrolled = enrol_person(app, 1)
    request = received(app, enrolled)
    job = Job("job_1", "gate.request", request.generation_id, {}, 1, 5, 0, 1)
    effect = RequestGateJob(app.judging, STAGE).run(job, Lease(lambda: True, 30))
    with app.database.transaction() as session:
        effect(session)
    assert state_of(app, request)[0] == "approved"
    with app.database.read() as session:
        kinds = session.exec(select(JobRow.kind).order_by(col(JobRow.sequence))).all()
    assert kinds == ["gate.request"]
