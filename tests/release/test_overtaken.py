"""What an older policy allowed leaves only if the active one would allow it, too; what a person decided stands."""

import re
from dataclasses import replace

import pytest
from sqlmodel import select

from moderation.gate.decisions import MACHINE, Decision, record_human, record_judgement
from moderation.gate.gate import Judgement, conclude
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.policy.lifecycle import activate
from moderation.policy.store import stored_document
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.replaying import recorded_decisions, replay_all
from moderation.review.case_state import Outcome as Decided
from moderation.store import now_ms
from policies.document import parse_document, shipped_text
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage, Verdict
from tests.support.moderators import decide, only_case, state_of
from tests.support.releases import generated, prepared_of
from tests.support.rows import decision
from tests.support.service import StubApplication

SHIPPED = re.sub(r"(?ms)^tests:.*?(?=^\w)", "", shipped_text())  # its own tests hold for its own rules only
RULE = "work.named: {verdict: review}"
OLD = SHIPPED.replace(RULE, "work.named: {verdict: allow}")
STRICT = SHIPPED.replace(RULE, "work.named: {verdict: block}")
HARMLESS = SHIPPED.replace("name: ", "name: another ", 1)
NAMED = Finding(Category.WORKS, "work.named", 1.0, WholeField("prompt"), "test", "1", "Zorbla")
MINOR = Finding(Category.MINORS, "text.absolute", 1.0, WholeField("prompt"), "test", "1", "")


def judged(stage: Stage, text: str, *findings: Finding) -> Judgement:
    """What the document says of a clip, or a request for one, with these findings."""
    context = PolicyContext(stage=stage, adult=True, feed=False, real_person=False, minor_present=False)
    report = CheckReport("test", 0, CheckStatus.JUDGED, "1", findings)
    return conclude(parse_document(text, name="test"), context, (report,), 7)


def use(app: StubApplication, text: str) -> None:
    """Activate it."""
    with app.database.transaction() as session:
        activate(session, text, name="test", actor="test", now_ms=now_ms(session))


def allowed(app: StubApplication, found_at: Stage, *findings: Finding, moderator: str = "") -> Prepared:
    """A generation that the old policy let pass at both stages, with findings at one; or whose decision there is a person's."""
    use(app, OLD)
    name = f"gen_{found_at.value}"
    with app.database.transaction() as session:
        ids = {}
        for stage in Stage.REQUEST, Stage.OUTPUT:
            judgement = judged(stage, OLD, *(findings if stage is found_at else ()))
            made = record_judgement(session, name, judgement, now_ms=1)
            if moderator and stage is found_at:
                made = record_human(
                    session, name, stage=stage.value, verdict="allow", moderator=moderator, case_id="case_1", reason="seen",
                    machine=made, now_ms=2,
                )  # fmt: skip
            assert made.verdict == "allow"
            ids[stage] = made.id
        session.add(
            generated(name, request_decision_id=ids[Stage.REQUEST], output_decision_id=ids[Stage.OUTPUT])
        )
    return replace(prepared_of(name), decision_id=ids[Stage.OUTPUT])


def commit(app: StubApplication, half: Prepared) -> Outcome:
    """Try to release it."""
    with app.database.transaction() as session:
        return commit_release(session, half, clock=now_ms)


@pytest.mark.parametrize("stage", [Stage.REQUEST, Stage.OUTPUT])
def test_a_policy_that_allows_it_as_well_changes_nothing(app: StubApplication, stage: Stage) -> None:
    half = allowed(app, stage)
    use(app, STRICT)
    assert commit(app, half) is Outcome.RELEASED


@pytest.mark.parametrize("stage", [Stage.REQUEST, Stage.OUTPUT])
def test_a_policy_that_forbids_it_refuses_it_and_says_by_which_rule(
    app: StubApplication, stage: Stage
) -> None:
    half = allowed(app, stage, NAMED)
    use(app, STRICT)
    assert commit(app, half) is Outcome.OVERTAKEN
    state, because = state_of(app, half.generation_id)
    assert (state, because) == ("refused", "works")


@pytest.mark.parametrize("stage", [Stage.REQUEST, Stage.OUTPUT])
def test_a_policy_that_is_unsure_holds_it_for_a_person_whose_allow_lets_it_go_on(
    app: StubApplication, stage: Stage
) -> None:
    half = allowed(app, stage, NAMED)
    use(app, shipped_text())
    assert commit(app, half) is Outcome.OVERTAKEN
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
        assert (row.state, row.held_stage) == ("held", stage.value)
    decide(app, only_case(app, half.generation_id))
    with app.database.read() as session:
        row = get_generation(session, half.generation_id)
    assert (State(row.state), row.output_sha256) == (State.GENERATED, half.output_sha256)
    assert commit(app, replace(half, decision_id=str(row.output_decision_id))) is Outcome.RELEASED


def test_a_persons_block_of_what_was_held_again_refuses_it(app: StubApplication) -> None:
    half = allowed(app, Stage.REQUEST, NAMED)
    use(app, shipped_text())
    commit(app, half)
    decide(app, only_case(app, half.generation_id), Decided.BLOCK)
    assert state_of(app, half.generation_id) == ("refused", "moderator")


@pytest.mark.parametrize("stage", [Stage.REQUEST, Stage.OUTPUT])
def test_a_persons_decision_survives_a_stricter_policy(app: StubApplication, stage: Stage) -> None:
    half = allowed(app, stage, NAMED, moderator="mod_ann")
    use(app, STRICT)
    assert commit(app, half) is Outcome.RELEASED


def test_an_absolute_rule_overrules_a_person(app: StubApplication) -> None:
    half = allowed(app, Stage.REQUEST)
    with app.database.transaction() as session:
        machine = record_judgement(session, half.generation_id, judged(Stage.REQUEST, OLD, MINOR), now_ms=3)
        human = record_human(
            session, half.generation_id, stage="request", verdict="allow", moderator="mod_ann", case_id="case_9",
            reason="seen", machine=machine, now_ms=4,
        )  # fmt: skip
        get_generation(session, half.generation_id).request_decision_id = human.id
    use(app, STRICT)
    assert commit(app, half) is Outcome.OVERTAKEN
    assert state_of(app, half.generation_id)[0] == "refused"


def test_what_was_recorded_in_a_way_nobody_can_read_is_held(app: StubApplication) -> None:
    half = allowed(app, Stage.OUTPUT)
    with app.database.transaction() as session:
        session.add(decision("dec_odd", of=half.generation_id, stage="output", verdict="allow"))
        get_generation(session, half.generation_id).output_decision_id = "dec_odd"
    assert commit(app, replace(half, decision_id="dec_odd")) is Outcome.OVERTAKEN
    assert state_of(app, half.generation_id)[0] == "held"


def test_the_new_ruling_replays_like_any_other(app: StubApplication) -> None:
    half = allowed(app, Stage.OUTPUT, NAMED)
    use(app, STRICT)
    commit(app, half)
    with app.database.read() as session:
        rulings = list(
            replay_all(recorded_decisions(session), lambda revision: stored_document(session, revision))
        )
        last = session.exec(select(Decision).where(Decision.verdict == Verdict.BLOCK.value)).one()
    assert all(one.replayed.identical for one in rulings)
    assert (last.actor, last.policy_revision) == (MACHINE, parse_document(STRICT, name="x").revision)
