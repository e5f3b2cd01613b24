"""A case's page shows all that is needed to decide it: where, why, who asks, who may be shown, and what happened so far."""

from pathlib import Path

import pytest
from sqlmodel import select

from consent.likeness.revocation import revoke
from moderation.accounts.sanctions import suspend
from moderation.generation.rows import move
from moderation.generation.state import Step
from moderation.generation.tables import Generation
from moderation.review.cases import open_case
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from policies.taxonomy import Category
from tests.support.gallery import STREET, beach_case, clip_case, reference_case
from tests.support.held import Held, make_held, span
from tests.support.media import image
from tests.support.pages import Browser
from tests.support.rows import decision, generation
from tests.support.service import StubApplication, enrol_person, paint


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A second of one colour."""
    return paint(tmp_path / "clip.mp4")


def _page(app: StubApplication, browser: Browser, held: Held) -> str:
    return str(browser.get(f"/review/cases/{make_held(app, held)}").text)


def test_the_words_that_were_found_are_marked_in_the_prompt(app: StubApplication, ann: Browser) -> None:
    html = _page(app, ann, beach_case())
    assert '<mark class="review" title="1: Public figure 1.00">Elvis Presley</mark> walks along' in html
    assert "figure.recently_dead" in html
    assert "decides" in html
    assert "This was refused" not in html


def test_findings_rules_thresholds_and_what_nobody_looked_at(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    html = _page(app, ann, clip_case(app, clip))
    for told in (
        "score 0.61 reaches 0.50", "image.nudity:sexual", "output.voices: model.not_loaded",
        "3 aspects that nothing here looks at", "hate symbols", "speech.classifier:harassment", "0.11", "Revisions pinned",
        "test.model:3f2a91c07b1e",
    ):  # fmt: skip
        assert told in html


def test_frames_with_boxes_timeline_transcript_and_lettering(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    html = _page(app, ann, clip_case(app, clip))
    assert "/1500.jpg" in html
    assert '<rect class="review" x="30.0" y="10.0" width="42.0" height="85.0"' in html
    assert '<rect class="seen" x="38.0"' in html
    assert "My neighbour is the dumbest man" in html
    assert "ROOFTOP CLUB" in html
    assert '<video controls muted playsinline preload="none"' in html
    assert "autoplay" not in html


def test_what_may_be_hard_to_look_at_is_veiled_and_what_is_not_is_not(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    assert 'class="veil"' in _page(app, ann, clip_case(app, clip))
    assert 'class="veil"' in _page(
        app, ann, Held("v", STREET, findings=(span(STREET, "old score", Category.VIOLENCE),), output=clip)
    )
    assert 'class="veil"' not in _page(app, ann, Held("calm", output=clip))


def test_a_reference_is_shown_with_the_faces_that_were_seen(
    app: StubApplication, ann: Browser, tmp_path: Path
) -> None:
    html = _page(app, ann, reference_case(app, image(tmp_path / "a.png")))
    assert "Reference" in html
    assert "face.unclear" in html
    assert "/0.jpg" in html
    assert "1 face" in html
    assert "<video" not in html


def test_the_requester_is_an_account_and_how_it_stands(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one", account="acct_77"))
    with app.database.transaction() as session:
        suspend(session, "acct_77", reason="spam", actor="test", now_ms=5)
    html = ann.get(f"/review/cases/{case_id}").text
    assert "acct_77" in html
    assert "suspended" in html
    assert "1 held" in html
    assert "secret" not in html


def test_the_answer_of_the_registry_is_shown_and_a_missing_consent_leaves_no_allow(
    app: StubApplication, ann: Browser
) -> None:
    person = enrol_person(app, 1)
    allowed = make_held(app, Held("with", likenesses=(person.handle,)))
    assert 'value="allow"' in ann.claim(allowed).shown
    assert "permitted" in ann.shown
    refused = make_held(app, Held("without", likenesses=(person.handle,), account="acct_other"))
    ann.claim(refused)
    assert "Nobody may allow this" in ann.shown
    assert "has not given you permission" in ann.shown
    assert 'value="allow"' not in ann.shown
    assert 'value="block"' in ann.shown


def test_a_revocation_after_the_case_was_opened_takes_the_allow_away(
    app: StubApplication, ann: Browser
) -> None:
    person = enrol_person(app, 1)
    case_id = make_held(app, Held("with", likenesses=(person.handle,)))
    with app.database.transaction() as session:
        revoke(
            session,
            likeness_id=person.likeness_id,
            actor=person.owner,
            now_ms=now_ms(session),
        )
    assert "has been revoked by its owner" in ann.claim(case_id).shown
    assert 'value="allow"' not in ann.shown


def test_a_generation_that_has_moved_on_says_so(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("gone"))
    with app.database.transaction() as session:
        row = session.get_one(Generation, "gen_gone")
        move(session, row, Step.CANCEL, now_ms=5, because="requester")
    html = ann.claim(case_id).shown
    assert "The generation is cancelled (requester)." in html
    assert "There is nothing left to decide" in html
    assert ">Close <kbd>" in html
    assert ann.decide(case_id, ground_block="moot").status_code == 303


def test_a_suspended_requester_leaves_no_allow_at_the_request(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one", account="acct_77"))
    with app.database.transaction() as session:
        suspend(session, "acct_77", reason="spam", actor="test", now_ms=5)
    assert "The account is suspended" in ann.claim(case_id).shown


def test_what_was_written_by_another_version_is_no_wall(app: StubApplication, ann: Browser) -> None:
    with app.database.transaction() as session:
        row = generation("gen_old", held="request")
        row.state = "held"
        made = decision("dec_old", of="gen_old")
        made.body = '{"ruling": {"policy": "p", "verdict": "review"}, "reports": []}'
        session.add_all([row, made])
        session.flush()
        case_id = open_case(
            session,
            generation_id="gen_old",
            decision_id="dec_old",
            stage="request",
            overridable=False,
            now_ms=1,
        ).id
    answer = ann.get(f"/review/cases/{case_id}")
    assert answer.status_code == 200
    assert "cannot be read" in answer.text
    assert "An absolute rule or a revocation stands above a moderator." in answer.text


def test_history_and_other_cases_of_the_generation(app: StubApplication, ann: Browser, clip: Path) -> None:
    html = _page(app, ann, clip_case(app, clip))
    for told in ("generation.requested", "decision.allow", "case.opened", "at request by machine"):
        assert told in html


def test_reading_a_case_is_on_record_once_for_each_session(app: StubApplication, ann: Browser) -> None:
    case_id = make_held(app, Held("one"))
    for _ in range(3):
        ann.get(f"/review/cases/{case_id}")
    with app.database.read() as session:
        reads = session.exec(select(AuditEntry).where(AuditEntry.act == "case.read")).all()
    assert [(row.actor, row.subject) for row in reads] == [("mod_ann", case_id)]


def test_an_unknown_case_is_a_page(ann: Browser) -> None:
    answer = ann.get("/review/cases/case_x")
    assert answer.status_code == 404
    assert "no case has this id" in answer.text


def test_a_script_reads_how_the_case_stands(app: StubApplication, ann: Browser, bob: Browser) -> None:
    case_id = make_held(app, Held("one"))
    bob.claim(case_id)
    told = ann.get(f"/review/cases/{case_id}/state", Accept="application/json").json()
    assert (told["state"], told["by_me"], told["by_other"]) == ("claimed", False, "mod_bob")
    assert 0 < told["left_ms"] <= 15 * 60_000
    assert "token" not in told


def test_the_token_of_a_claim_is_its_holders_alone(app: StubApplication, ann: Browser, bob: Browser) -> None:
    case_id = make_held(app, Held("one"))
    bob.claim(case_id)
    bob.post(f"/review/cases/{case_id}/return", claim_token=bob.token)
    bob.claim(case_id)
    ann.get(f"/review/cases/{case_id}")
    assert bob.token == 2
    assert 'value="2"' not in ann.shown
    assert "mod_bob</span> holds this case" in ann.shown
