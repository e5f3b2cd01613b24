"""What a moderator does on the page is what the API does: with the same results, refusals and rows, and nothing is lost."""

import json
from typing import Any

import pytest
from sqlmodel import select

from moderation.accounts.sanctions import suspend
from moderation.gate.decisions import Decision
from moderation.generation.rows import move
from moderation.generation.state import Step
from moderation.generation.tables import Generation
from moderation.review.case_state import Outcome
from moderation.review.cases import get_case
from moderation.review.grounds import GROUNDS, MAX_NOTE, GroundInvalid, NoteMissing, written_reason
from moderation.review.models import ReviewCase
from moderation.transparency.audit import AuditEntry
from tests.support.gallery import beach_case
from tests.support.held import Held, make_held
from tests.support.pages import Browser
from tests.support.service import StubApplication


def _case(app: StubApplication, case_id: str) -> ReviewCase:
    with app.database.read() as session:
        return get_case(session, case_id)


def _generation(app: StubApplication, name: str) -> Generation:
    with app.database.read() as session:
        return session.get_one(Generation, name, populate_existing=True)


def _decisions(app: StubApplication) -> list[Decision]:
    with app.database.read() as session:
        return list(session.exec(select(Decision).where(Decision.actor != "machine")))


def test_an_allowed_request_goes_to_the_generator(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, beach_case())
    answer = ann.claim(case_id).decide(case_id, "allow", "A silhouette.", ground_allow="not_recognisable")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/review?done={case_id}")
    assert _generation(app, "gen_beach").state == "approved"
    [made] = _decisions(app)
    assert (made.actor, made.verdict) == ("mod_ann", "allow")
    assert json.loads(made.body)["reason"] == "Nobody and no protected work is recognisable. A silhouette."


def test_a_blocked_request_is_refused_with_ground_and_note(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, beach_case())
    ann.claim(case_id).decide(case_id, "block", "  He is  shown.\n", ground_block="public_figure")
    assert _generation(app, "gen_beach").state == "refused"
    assert _case(app, case_id).reason == "A public figure without consent. He is shown."
    with app.database.read() as session:
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.actor == "mod_ann")).all()
    assert list(acts) == ["staff.signed_in", "case.read", "case.claimed", "case.decided"]


def test_after_a_decision_the_next_free_case_is_opened(app: StubApplication, ann: Browser) -> None:
    one, other = make_held(app, Held("one", minutes=9)), make_held(app, Held("other", minutes=5))
    answer = ann.claim(one).decide(one, queue="stage=request")
    assert answer.headers["location"] == f"/review/cases/{other}?stage=request&done={one}"
    assert "This is the next case" in ann.get(answer.headers["location"]).text


def test_the_same_decision_sent_twice_is_one(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one"))
    token = ann.claim(case_id).token
    for _ in range(2):
        assert ann.decide(case_id, claim_token=token).status_code == 303
    assert len(_decisions(app)) == 1
    other = ann.decide(case_id, note="something else", claim_token=token)
    assert (other.status_code, "case.decided" in other.text) == (409, True)


FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"note": ""}, "case.note_missing"),
    ({"note": "   \n"}, "case.note_missing"),
    ({"note": "x" * (MAX_NOTE + 1)}, "case.note_missing"),
    ({"ground_block": ""}, "case.ground_invalid"),
    ({"ground_block": "context"}, "case.ground_invalid"),
    ({"outcome": "review"}, "form.act_unknown"),
    ({"outcome": ""}, "form.act_unknown"),
    ({"claim_token": "one"}, "form.act_unknown"),
    ({"claim_token": "²"}, "form.act_unknown"),
    ({"claim_token": "9" * 30}, "form.act_unknown"),
    ({"claim_token": "77"}, "case.claim_lost"),
)


def test_a_decision_with_a_fault_names_it_and_keeps_the_note(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one"))
    ann.claim(case_id)
    for changes, code in FAULTS:
        answer = ann.decide(case_id, **{"note": "I saw <it>.", **changes})
        assert (answer.status_code in {409, 422}, code in answer.text) == (True, True), changes
        assert "note" in changes or "I saw &lt;it&gt;.</textarea>" in answer.text
    assert _case(app, case_id).state == "claimed"
    assert ann.decide(case_id, note="I saw it.").status_code == 303


def test_two_moderators_at_once_and_the_second_is_told_clearly(
    app: StubApplication, ann: Browser, bob: Browser
) -> None:
    case_id = make_held(app, Held("one"))
    ann.claim(case_id)
    taken = bob.post(f"/review/cases/{case_id}/claim")
    assert (taken.status_code, "is claimed by another moderator" in taken.text) == (409, True)
    assert "mod_ann</span> holds this case" in taken.text
    stolen = bob.decide(case_id, "allow", "mine", claim_token=ann.token)
    assert (stolen.status_code, "case.claim_lost" in stolen.text) == (409, True)
    assert "mine</textarea>" in stolen.text
    assert _case(app, case_id).state == "claimed"
    ann.decide(case_id)
    late = bob.post(f"/review/cases/{case_id}/claim")
    assert (late.status_code, "case.decided" in late.text) == (409, True)


def test_an_expired_claim_that_another_took_is_lost_and_the_note_is_kept(
    app: StubApplication, ann: Browser, bob: Browser
) -> None:
    case_id = make_held(app, Held("one"))
    token = ann.claim(case_id).token
    with app.database.transaction() as session:
        get_case(session, case_id).claim_until_ms = 1
    bob.claim(case_id)
    answer = ann.decide(case_id, note="long thought", claim_token=token)
    assert answer.status_code == 409
    assert "long thought</textarea>" in answer.text
    assert "disabled" in answer.text
    assert bob.decide(case_id, claim_token=bob.token).status_code == 303


def test_claiming_again_holds_it_longer_under_the_same_token(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one"))
    token = ann.claim(case_id).token
    with app.database.transaction() as session:
        get_case(session, case_id).claim_until_ms -= 600_000
    before = _case(app, case_id).claim_until_ms
    assert ann.post(f"/review/cases/{case_id}/claim").status_code == 303
    ann.get(f"/review/cases/{case_id}")
    assert (ann.token, _case(app, case_id).claim_until_ms > before) == (token, True)


def test_a_script_renews_the_claim_and_learns_when_it_is_lost(
    app: StubApplication, ann: Browser, bob: Browser
) -> None:
    case_id = make_held(app, Held("one"))
    token = ann.claim(case_id).token
    json_ = {"Accept": "application/json", "X-CSRF-Token": ann.csrf}
    path = f"/review/cases/{case_id}/renew"
    told = ann.client.post(path, data={"claim_token": token}, headers=json_)
    assert told.json()["left_ms"] == 15 * 60_000
    ann.post(f"/review/cases/{case_id}/return", claim_token=token)
    bob.claim(case_id)
    lost = ann.client.post(path, data={"claim_token": token}, headers=json_)
    assert (lost.status_code, lost.json()["code"]) == (409, "case.claim_lost")
    assert lost.headers["content-type"] == "application/problem+json"


def test_giving_back_frees_the_case_and_may_be_done_twice(
    app: StubApplication, ann: Browser, bob: Browser
) -> None:
    case_id = make_held(app, Held("one"))
    token = ann.claim(case_id).token
    for _ in range(2):
        answer = ann.post(f"/review/cases/{case_id}/return", claim_token=token, queue="state=free")
        assert (answer.status_code, answer.headers["location"]) == (303, "/review?state=free")
    assert bob.claim(case_id).decide(case_id).status_code == 303


def test_what_nobody_may_allow_is_refused_even_when_the_form_is_forged(
    app: StubApplication, ann: Browser
) -> None:
    case_id = make_held(app, Held("one", account="acct_77"))
    with app.database.transaction() as session:
        suspend(session, "acct_77", reason="spam", actor="test", now_ms=5)
    answer = ann.claim(case_id).decide(case_id, "allow", "please")
    assert (answer.status_code, "case.not_overridable" in answer.text) == (409, True)
    assert _generation(app, "gen_one").state == "held"
    assert _case(app, case_id).state == "claimed"


def test_a_generation_cancelled_meanwhile_is_closed_without_a_decision(
    app: StubApplication, ann: Browser
) -> None:
    case_id = make_held(app, Held("one"))
    ann.claim(case_id)
    with app.database.transaction() as session:
        move(session, session.get_one(Generation, "gen_one"), Step.CANCEL, now_ms=5, because="requester")
    assert ann.decide(case_id, "allow").status_code == 303
    assert (_decisions(app), _generation(app, "gen_one").state) == ([], "cancelled")


def test_a_session_that_ended_gives_the_note_back(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one"))
    token, csrf = ann.claim(case_id).token, ann.csrf
    ann.client.cookies.clear()
    answer = ann.decide(case_id, note="an hour of thought", claim_token=token, csrf=csrf)
    assert answer.status_code == 401
    assert "an hour of thought</textarea>" in answer.text
    assert _case(app, case_id).state == "claimed"


@pytest.mark.parametrize("outcome", Outcome)
def test_every_ground_is_a_sentence_that_a_person_may_read(outcome: Outcome) -> None:
    for ground, sentence in GROUNDS[outcome].items():
        assert written_reason(outcome, ground, " seen\tonce ") == f"{sentence} seen once"
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    with pytest.raises(GroundInvalid):
        written_reason(outcome, "", "seen")
    with pytest.raises(NoteMissing):
        written_reason(outcome, ground, "")
