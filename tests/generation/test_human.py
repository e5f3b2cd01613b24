"""A moderator's decision moves the generation on, within what a person may decide."""

import pytest
from sqlmodel import Session, select

from consent.likeness.models import Grant
from moderation.accounts.quota import QuotaExhausted, QuotaLimits, day_of, reserve
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.gate.decisions import Decision, decisions_of
from moderation.generation.human import HumanDecisions, NotForPeople
from moderation.generation.rows import get_generation, lock_generation, pinned_likenesses
from moderation.generation.state import FINAL, State
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.store import now_ms
from policies.taxonomy import Verdict
from tests.support.releases import waiting
from tests.support.service import ACCOUNT, Person, StubApplication, enrol_person

PEOPLE = HumanDecisions(QuotaLimits(account=1, total=100))


def held(app: StubApplication, stage: str, *people: Person) -> Prepared:
    """A generation that a machine held at this stage."""
    half = waiting(
        app.database, state=State.HELD.value, held_stage=stage, **{"request": "allow", stage: "review"}
    )
    if stage == "request":
        with app.database.transaction() as session:
            row = lock_generation(session, half.generation_id)
            row.output_sha256 = row.output_decision_id = None
    if people:
        with app.database.transaction() as session:
            row = lock_generation(session, half.generation_id)
            request = row.request.replace('"likenesses":[]', f'"likenesses":["{people[0].handle}"]')
            assert request != row.request
            row.request = request
    return half


def decide(session: Session, half: Prepared, stage: str, verdict: Verdict) -> Decision | None:
    """As a moderator who decides the case."""
    return PEOPLE.apply(
        session,
        generation_id=half.generation_id,
        decision_id=f"dec_{stage}_{half.generation_id}",
        case_id="case_1",
        verdict=verdict,
        moderator="acct_moderator",
        reason="looked at it",
        now_ms=now_ms(session),
    )


def decided(app: StubApplication, half: Prepared, stage: str, verdict: Verdict) -> Decision | None:
    """In a transaction of its own."""
    with app.database.transaction() as session:
        return decide(session, half, stage, verdict)


def state_of(app: StubApplication, half: Prepared) -> str:
    """Where it stands."""
    with app.database.read() as session:
        return get_generation(session, half.generation_id).state


def test_allowing_a_request_approves_it_with_everything_an_approval_takes(app: StubApplication) -> None:
    person = enrol_person(app, 1, uses_left=2)
    half = held(app, "request", person)
    decision = decided(app, half, "request", Verdict.ALLOW)
    assert decision is not None
    assert (decision.actor, decision.case_id, decision.verdict) == ("acct_moderator", "case_1", "allow")
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
        assert (row.state, row.held_stage, row.request_decision_id) == ("approved", "", decision.id)
        assert [pin.likeness_id for pin in pinned_likenesses(session, half.generation_id)] == [
            person.likeness_id
        ]
        assert session.exec(select(Grant)).one().uses_left == 1
        assert session.exec(select(OutboxRow).where(OutboxRow.topic == "generation.approved")).one()


def test_allowing_an_output_lets_it_be_released_on_the_persons_word(app: StubApplication) -> None:
    half = held(app, "output")
    decision = decided(app, half, "output", Verdict.ALLOW)
    assert decision is not None
    assert state_of(app, half) == "generated"
    with app.database.read() as session:
        job = session.exec(select(JobRow).where(JobRow.kind == "release")).one()
        assert job.payload == {"sha256": half.output_sha256, "decision_id": decision.id}
    prepared = Prepared(
        half.generation_id,
        half.release_id,
        half.output_sha256,
        decision.id,
        half.release_sha256,
        5,
        half.entry,
    )
    with app.database.transaction() as session:
        assert commit_release(session, prepared, clock=now_ms) is Outcome.RELEASED


@pytest.mark.parametrize("stage", ["request", "output"])
def test_blocking_refuses_it_and_keeps_the_persons_reason(app: StubApplication, stage: str) -> None:
    half = held(app, stage)
    decision = decided(app, half, stage, Verdict.BLOCK)
    assert decision is not None
    assert "looked at it" in decision.body
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
        assert (row.state, row.ended_because) == ("refused", "moderator")


@pytest.mark.parametrize("act", [revoke_likeness, erase_likeness])
def test_nobody_can_consent_in_the_owners_place(app: StubApplication, act: object) -> None:
    person = enrol_person(app, 1)
    half = held(app, "request", person)
    with app.database.transaction() as session:
        act(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))  # type: ignore[operator]  # one of two
    with app.database.read() as session, pytest.raises(NotForPeople) as caught:
        decide(session, half, "request", Verdict.ALLOW)
    assert caught.value.code == "case.not_overridable"
    assert state_of(app, half) == "held"
    assert decided(app, half, "request", Verdict.BLOCK) is not None


def test_an_output_whose_consent_ended_cannot_be_allowed_either(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = held(app, "output", person)
    with app.database.transaction() as session:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    with app.database.read() as session, pytest.raises(NotForPeople):
        decide(session, half, "output", Verdict.ALLOW)


def test_a_generation_that_ended_meanwhile_has_nothing_left_to_decide(app: StubApplication) -> None:
    half = held(app, "output")
    for state in FINAL:
        with app.database.transaction() as session:
            lock_generation(session, half.generation_id).state = state.value
        assert decided(app, half, "output", Verdict.ALLOW) is None
        assert state_of(app, half) == state.value
    with app.database.read() as session:
        assert len(decisions_of(session, half.generation_id)) == 2


def test_an_allow_beyond_the_quota_is_refused_to_the_moderator_and_changes_nothing(
    app: StubApplication,
) -> None:
    half = held(app, "request")
    with app.database.transaction() as session:
        reserve(session, ACCOUNT, day_of(now_ms(session)), PEOPLE.limits, generation_id="gen_before")
    with app.database.read() as session, pytest.raises(QuotaExhausted):
        decide(session, half, "request", Verdict.ALLOW)
    assert state_of(app, half) == "held"
