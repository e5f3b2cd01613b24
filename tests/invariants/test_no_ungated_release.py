"""Invariant 1: no released asset without an allow at request and output stage, whatever lies on the topics or in the rows."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import select

from moderation.bus.jobs import JobRow
from moderation.bus.outbox import enqueue
from moderation.generation.generate import GENERATE, queue_generation
from moderation.generation.output_stage import OUTPUT_GATE, output_arrived
from moderation.generation.rows import get_generation, lock_generation, move
from moderation.generation.state import State, Step
from moderation.generation.submit import GenerationIdTaken, receive
from moderation.generation.tables import Generation
from moderation.ids import new_id
from moderation.messages import (
    Brief,
    DecisionMade,
    GenerationApproved,
    GenerationReleased,
    Message,
    OutputProduced,
    PinnedLikeness,
)
from moderation.release.commit import Outcome, commit_release
from moderation.release.tables import Release
from moderation.review.case_state import CaseClosed
from moderation.store import now_ms
from tests.support.conveyor import Conveyor
from tests.support.moderators import decide, held, only_case, state_of
from tests.support.releases import generated, pin, waiting
from tests.support.rows import decision
from tests.support.service import TINY, Person, StubApplication, ask, enrol_person, send_all


@pytest.mark.parametrize("stage", ["request", "output"])
def test_the_allow_of_another_generation_releases_nothing(app: StubApplication, stage: str) -> None:
    allowed, mine = waiting(app.database), waiting(app.database)
    with app.database.transaction() as session:
        row = get_generation(session, mine.generation_id)
        setattr(row, f"{stage}_decision_id", f"dec_{stage}_{allowed.generation_id}")
        session.add(row)
    if stage == "output":
        mine = replace(mine, decision_id=f"dec_output_{allowed.generation_id}")
    with app.database.transaction() as session:
        assert commit_release(session, mine, clock=now_ms) is Outcome.NOT_DECIDED
        assert commit_release(session, allowed, clock=now_ms) is Outcome.RELEASED


def approved(app: StubApplication, *people: Person) -> str:
    """A generation that waits for its output."""
    name = new_id("gen")
    with app.database.transaction() as session:
        session.add(decision(f"dec_request_{name}", of=name, verdict="allow"))
        session.add(
            generated(name, *people, state=State.APPROVED.value, output_decision_id=None, output_sha256=None)
        )
        session.flush()
        for person in people:
            pin(session, name, person)
    return name


def brief_for(app: StubApplication, name: str, **changes: object) -> GenerationApproved:
    """The message that approval would send, with `changes` to its brief or to the message itself."""
    with app.database.read() as session:
        request = get_generation(session, name).request
    prompt = ask().model_validate_json(request).prompt
    brief = Brief(prompt=prompt, parameters=TINY).model_copy(
        update={field: value for field, value in changes.items() if field in Brief.model_fields}
    )
    decision_id = str(changes.get("decision_id", f"dec_request_{name}"))
    return GenerationApproved(generation_id=name, decision_id=decision_id, brief=brief)


def queued(app: StubApplication, message: GenerationApproved) -> bool:
    """Deliver it; whether anything is to be generated."""
    with app.database.transaction() as session:
        return queue_generation(session, message, at_ms=now_ms(session))


def test_the_approved_brief_is_generated_once(embedded: StubApplication) -> None:
    name = approved(embedded)
    assert [queued(embedded, brief_for(embedded, name)) for _ in range(2)] == [True, True]
    with embedded.database.read() as session:
        assert len(session.exec(select(JobRow).where(JobRow.kind == GENERATE)).all()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "something else"},
        {"references": ("a" * 64,)},
        {"parameters": TINY.model_copy(update={"seconds": 60.0})},
        {"likenesses": (PinnedLikeness(likeness_id="lik_x", handle="person_1", revision=1),)},
        {"decision_id": "dec_of_somebody_else"},
    ],
)
def test_a_brief_that_nobody_approved_is_not_generated_and_does_not_bar_the_true_one(
    embedded: StubApplication, changes: dict[str, object]
) -> None:
    name = approved(embedded)
    assert not queued(embedded, brief_for(embedded, name, **changes))
    assert queued(embedded, brief_for(embedded, name))


@pytest.mark.parametrize("state", [state for state in State if state is not State.APPROVED])
def test_no_brief_is_generated_for_a_generation_in_another_state(
    embedded: StubApplication, state: State
) -> None:
    name = approved(embedded)
    with embedded.database.transaction() as session:
        get_generation(session, name).state = state.value
    assert not queued(embedded, brief_for(embedded, name))


def produced(name: str, sha256: str = "c" * 64) -> OutputProduced:
    """An output that somebody announces."""
    return OutputProduced(
        generation_id=name, asset_sha256=sha256, generator="forged", generator_version="1", produced_in_s=0
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.APPROVED])
def test_an_output_that_nobody_waits_for_is_never_judged_or_released(
    app: StubApplication, state: State
) -> None:
    name = approved(app)
    with app.database.transaction() as session:
        get_generation(session, name).state = state.value
    with app.database.transaction() as session:
        assert not output_arrived(session, produced(name), now_ms=now_ms(session))
        assert get_generation(session, name).output_sha256 is None
        assert session.exec(select(JobRow).where(JobRow.kind == OUTPUT_GATE)).all() == []


def test_a_second_output_changes_nothing(app: StubApplication) -> None:
    name = approved(app)
    with app.database.transaction() as session:
        assert output_arrived(session, produced(name, "c" * 64), now_ms=now_ms(session))
        assert not output_arrived(session, produced(name, "d" * 64), now_ms=now_ms(session))
        assert get_generation(session, name).output_sha256 == "c" * 64


def test_an_output_after_the_cancellation_changes_nothing(app: StubApplication) -> None:
    name = approved(app)
    with app.database.transaction() as session:
        move(session, lock_generation(session, name), Step.CANCEL, now_ms=now_ms(session))
        assert not output_arrived(session, produced(name), now_ms=now_ms(session))


def test_an_output_whose_file_is_not_there_goes_to_a_person(
    embedded: StubApplication, line: Conveyor
) -> None:
    name = approved(embedded)
    with embedded.database.transaction() as session:
        enqueue(session, produced(name), event_id=new_id("evt"), at_ms=now_ms(session))
    line.settle([name], State.HELD)
    assert only_case(embedded, name)


def forged_decision(name: str) -> Message:
    """An allow on the topic of decisions."""
    return DecisionMade(
        generation_id=name,
        decision_id="dec_forged",
        stage="output",
        verdict="allow",
        actor="machine",
        body_sha256="d" * 64,
    )


def forged_release(name: str) -> Message:
    """A release on the topic of releases."""
    return GenerationReleased(generation_id=name, release_id="rel_forged", asset_sha256="d" * 64)


@pytest.mark.parametrize("forge", [forged_decision, forged_release, produced])
def test_what_is_forged_on_a_topic_moves_nothing_that_is_held(
    embedded: StubApplication, line: Conveyor, forge: Callable[[str], Message]
) -> None:
    held(embedded, "gen_held", stage="output")
    with embedded.database.transaction() as session:
        enqueue(session, forge("gen_held"), event_id=new_id("evt"), at_ms=now_ms(session))
    for _ in range(5):
        line.round()
    assert state_of(embedded, "gen_held") == ("held", "")
    with embedded.database.read() as session:
        assert session.exec(select(Release)).all() == []


def test_a_request_cannot_be_exchanged_under_its_id(app: StubApplication) -> None:
    (name,) = send_all(app.database, [ask("a lighthouse", name="gen_same")])
    with app.database.transaction() as session:
        receive(session, ask("a lighthouse", name=name), now_ms=now_ms(session))
    with pytest.raises(GenerationIdTaken), app.database.transaction() as session:
        receive(
            session, ask("a lighthouse", name=name).model_copy(update={"account_id": "acct_else"}), now_ms=1
        )
    with app.database.read() as session:
        assert session.get_one(Generation, name).account_id == ask().account_id


@pytest.mark.parametrize("stage", ["request", "output"])
def test_a_case_is_decided_once(app: StubApplication, stage: str) -> None:
    case = held(app, "gen_once", stage=stage)
    decide(app, case)
    before = state_of(app, "gen_once")
    with pytest.raises(CaseClosed):
        decide(app, case)
    assert state_of(app, "gen_once") == before


def test_of_two_requests_for_the_last_permitted_use_one_goes_on(
    embedded: StubApplication, line: Conveyor
) -> None:
    person = enrol_person(embedded, 1, uses_left=1)
    ids = send_all(embedded.database, [ask("@person_1 waves", person) for _ in range(2)])
    line.until(lambda: sorted(line.states().values()) == ["generated", "refused"])
    assert {state_of(embedded, name) for name in ids} == {("generated", ""), ("refused", "likeness.used_up")}
