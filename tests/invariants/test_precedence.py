"""Invariant 9: absolute rule > revocation or legal order > human decision > policy. Nobody overrides upward."""

from collections.abc import Callable

import pytest
from sqlmodel import Session

from consent.likeness.grants import standing_grants, withdraw_grant
from consent.likeness.models import Likeness, RevokeScope
from moderation.accounts.models import Account
from moderation.accounts.sanctions import suspend
from moderation.gate.decisions import Decision, record_human
from moderation.gate.gate import Judgement
from moderation.generation.facts import likeness_uses
from moderation.generation.human import NotForPeople
from moderation.generation.output_stage import apply_output_judgement
from moderation.generation.rows import get_generation
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.review.case_state import Outcome
from moderation.store import now_ms
from policies.document import parse_document, shipped_text
from policies.engine import PolicyContext, rule
from policies.findings import CheckReport, CheckStatus
from policies.loading.problems import PolicyInvalid
from policies.taxonomy import Category, Stage, Verdict
from policies.text.absolute import absolute_findings
from policies.text.normalise import normalise
from tests.support.judgements import finding_of, judged
from tests.support.moderators import MODERATOR, decide, held, state_of
from tests.support.releases import waiting
from tests.support.service import ACCOUNT, Person, StubApplication, ask, enrol_person

ABSOLUTE = "a nude 12 year old girl"


@pytest.mark.parametrize("stage", ["request", "output"])
def test_no_moderator_allows_what_an_absolute_rule_forbids(embedded: StubApplication, stage: str) -> None:
    """Held because the gate could not judge at all: the rule was never asked."""
    request = ask(ABSOLUTE, name="gen_absolute").model_dump_json()
    case = held(embedded, "gen_absolute", stage=stage, request=request)
    with pytest.raises(NotForPeople, match="absolute rule"):
        decide(embedded, case)
    assert state_of(embedded, "gen_absolute") == ("held", "")
    decide(embedded, case, Outcome.BLOCK)
    assert state_of(embedded, "gen_absolute") == ("refused", "moderator")


def test_no_moderator_makes_a_video_for_a_suspended_account(embedded: StubApplication) -> None:
    case = held(embedded, "gen_suspended")
    with embedded.database.transaction() as session:
        suspend(session, ACCOUNT, reason="spam", actor="acct_admin", now_ms=now_ms(session))
    with pytest.raises(NotForPeople, match="suspended"):
        decide(embedded, case)
    assert state_of(embedded, "gen_suspended") == ("held", "")


def revoke(session: Session, person: Person) -> None:
    """For everything."""
    revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))


def revoke_future(session: Session, person: Person) -> None:
    """For new use only."""
    revoke_likeness(
        session, person.likeness_id, actor=person.owner, now_ms=now_ms(session), scope=RevokeScope.FUTURE
    )


def erase(session: Session, person: Person) -> None:
    """For good."""
    erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))


def end_grant(session: Session, person: Person) -> None:
    """The grant alone."""
    (grant,) = standing_grants(session, person.likeness_id)
    withdraw_grant(
        session, grant_id=grant.id, likeness_id=person.likeness_id, actor=person.owner, now_ms=now_ms(session)
    )


@pytest.mark.parametrize("take_back", [revoke, revoke_future, erase, end_grant])
@pytest.mark.parametrize("stage", ["request", "output"])
def test_no_moderator_consents_in_the_owners_place(
    embedded: StubApplication, stage: str, take_back: Callable[[Session, Person], None]
) -> None:
    person = enrol_person(embedded, 1)
    case = held(embedded, "gen_shown", person, stage=stage)
    with embedded.database.transaction() as session:
        take_back(session, person)
    with pytest.raises(NotForPeople):
        decide(embedded, case)


def test_no_moderator_allows_the_remix_of_a_likeness_that_the_request_does_not_name(
    embedded: StubApplication,
) -> None:
    person = enrol_person(embedded, 1)
    parent = waiting(embedded.database, person, state="released").generation_id
    case = held(embedded, "gen_remix", parent=parent)
    with embedded.database.transaction() as session:
        revoke(session, person)
    with pytest.raises(NotForPeople):
        decide(embedded, case)


@pytest.mark.parametrize(
    ("state", "stage", "held_stage"),
    [("generated", "output", ""), ("approved", "request", ""), ("held", "request", "output"), ("held", "output", "request"),
     ("held", "request", "parked"), ("released", "output", "")],
)  # fmt: skip
@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_case_decides_only_what_waits_for_it(
    embedded: StubApplication, state: str, stage: str, held_stage: str, outcome: Outcome
) -> None:
    case = held(embedded, "gen_moved", stage=stage, state=state, held_stage=held_stage)
    with pytest.raises(NotForPeople, match="does not wait"):
        decide(embedded, case, outcome)
    assert state_of(embedded, "gen_moved") == (state, "")


@pytest.mark.parametrize("state", ["withdrawn", "cancelled", "refused", "failed"])
def test_a_case_of_a_generation_that_has_ended_brings_nothing_back(
    embedded: StubApplication, state: str
) -> None:
    case = held(embedded, "gen_over", stage="output", state=state, ended_because="likeness.revoked")
    decide(embedded, case)
    assert state_of(embedded, "gen_over") == (state, "likeness.revoked")


def allowed_by_a_person(embedded: StubApplication) -> str:
    """An output that a moderator let pass and that is judged again before its release."""
    half = waiting(embedded.database, output="review")
    with embedded.database.transaction() as session:
        row = get_generation(session, half.generation_id)
        machine = session.get_one(Decision, half.decision_id)
        human = record_human(
            session, row.id, stage="output", verdict="allow", moderator=MODERATOR, case_id="case_1", reason="seen",
            machine=machine, now_ms=now_ms(session),
        )  # fmt: skip
        row.output_decision_id = human.id
        session.add(row)
    return half.generation_id


def judge_again(embedded: StubApplication, name: str, judgement: Judgement) -> tuple[str, str]:
    """Apply it; where the generation stands then."""
    with embedded.database.transaction() as session:
        sha256 = str(get_generation(session, name).output_sha256)
        apply_output_judgement(session, name, sha256, judgement, now_ms=now_ms(session))
    return state_of(embedded, name)


@pytest.mark.parametrize(
    ("signal", "category"),
    [
        ("output.face_revoked", Category.PRIVATE_PERSON),
        ("likeness.restricted", Category.PRIVATE_PERSON),
        ("text.absolute", Category.MINORS),
    ],
)
def test_the_owners_word_and_the_absolute_rules_overrule_a_moderators_allow(
    embedded: StubApplication, signal: str, category: Category
) -> None:
    state, _ = judge_again(embedded, allowed_by_a_person(embedded), finding_of(signal, category))
    assert state == "refused"


def test_what_a_moderator_allowed_is_not_allowed_for_another_file(embedded: StubApplication) -> None:
    name = allowed_by_a_person(embedded)
    with embedded.database.transaction() as session:
        apply_output_judgement(
            session, name, "f" * 64, judged(Verdict.ALLOW, Stage.OUTPUT), now_ms=now_ms(session)
        )
    assert state_of(embedded, name) == ("generated", "")


@pytest.mark.parametrize("said", [True, False])
def test_the_likeness_of_an_account_under_18_is_a_minors_whatever_was_said_at_enrolment(
    embedded: StubApplication, said: bool
) -> None:
    person = enrol_person(embedded, 1)
    with embedded.database.transaction() as session:
        session.get_one(Likeness, person.likeness_id).minor = said
        session.get_one(Account, person.owner).under_18 = True
        (use,) = likeness_uses(session, ask("@person_1 waves", person), now_ms=now_ms(session))
    assert use.minor


def test_the_likeness_of_an_adult_is_an_adults(embedded: StubApplication) -> None:
    person = enrol_person(embedded, 1)
    with embedded.database.read() as session:
        (use,) = likeness_uses(session, ask("@person_1 waves", person), now_ms=now_ms(session))
    assert not use.minor


@pytest.mark.parametrize("verdict", ["allow", "review"])
def test_no_document_lifts_an_absolute_rule(verdict: str) -> None:
    text = shipped_text().replace("text.absolute: {verdict: block}", f"text.absolute: {{verdict: {verdict}}}")
    try:
        document = parse_document(text, name="lax")
    except PolicyInvalid:
        return
    found = absolute_findings(normalise(ABSOLUTE), "prompt")
    report = CheckReport("prompt.minors", 0, CheckStatus.JUDGED, "1", tuple(found))
    context = PolicyContext(Stage.REQUEST, adult=True, feed=False, real_person=False, minor_present=False)
    assert rule(document, [report], context).verdict is Verdict.BLOCK
