"""An order of law stops release and serving and keeps what it is about, whatever people, policies and owners do meanwhile."""

import threading
from typing import Any

import pytest
from sqlmodel import Session, col, select

from consent.likeness.models import Likeness
from consent.likeness.revocation import restore
from moderation.bus.jobs import JobRow
from moderation.generation.human import NotForPeople
from moderation.generation.output_stage import RELEASE
from moderation.generation.rows import request_of
from moderation.generation.tables import Asset, AssetHolder, Generation, LikenessPortrait
from moderation.legal.holds import HoldTargetUnknown, HoldUnknown, OnLegalHold
from moderation.legal.tables import Effect, LegalHold, Target
from moderation.likenesses.commands import Revoked, erase_likeness, restore_likeness, revoke_likeness
from moderation.likenesses.deferred import erase_now
from moderation.likenesses.recordings import forget_recordings
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.holds import ERASE, lift_hold, place_hold
from moderation.release.serve import ReleaseUnknown, servable
from moderation.review.cases import open_case
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from tests.support.moderators import decide, held, state_of
from tests.support.releases import waiting
from tests.support.service import Person, StubApplication, enrol_person


def hold(app: StubApplication, target: Target, target_id: str, **more: Any) -> str:
    """The legal department places one; its id."""
    with app.database.transaction() as session:
        at = now_ms(session)
        placed = place_hold(
            session,
            target=target,
            target_id=target_id,
            reference="court-17",
            actor="acct_legal",
            now_ms=at,
            **more,
        )
        return placed.id


def lift(app: StubApplication, hold_id: str) -> None:
    """It is lifted."""
    with app.database.transaction() as session:
        lift_hold(session, hold_id, actor="acct_legal", now_ms=now_ms(session))


def commit(app: StubApplication, half: Prepared) -> Outcome:
    """Try to release it."""
    with app.database.transaction() as session:
        return commit_release(session, half, clock=now_ms)


def serve(app: StubApplication, half: Prepared) -> None:
    """Raises what forbids it."""
    with app.database.read() as session:
        servable(session, half.release_id)


def jobs(app: StubApplication, kind: str) -> int:
    """How many were queued."""
    with app.database.read() as session:
        return len(session.exec(select(JobRow).where(JobRow.kind == kind)).all())


def erase(app: StubApplication, person: Person) -> Revoked:
    """The owner wants it gone."""
    with app.database.transaction() as session:
        return erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))


def likeness_state(app: StubApplication, person: Person) -> str:
    """How it stands."""
    with app.database.read() as session:
        return session.get_one(Likeness, person.likeness_id).state


@pytest.mark.parametrize("target", list(Target))
def test_what_is_held_is_not_released_and_goes_on_when_the_last_hold_is_lifted(
    app: StubApplication, target: Target
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    target_id = half.generation_id if target is Target.GENERATION else person.likeness_id
    first, second = hold(app, target, target_id), hold(app, target, target_id)
    assert commit(app, half) is Outcome.LEGAL_HOLD
    assert state_of(app, half.generation_id) == ("held", "")
    lift(app, first)
    assert (state_of(app, half.generation_id)[0], jobs(app, RELEASE)) == ("held", 0)
    lift(app, second)
    assert (state_of(app, half.generation_id)[0], jobs(app, RELEASE)) == ("generated", 1)
    assert commit(app, half) is Outcome.RELEASED


@pytest.mark.parametrize("target", list(Target))
def test_what_is_out_is_not_served_while_it_is_held_and_is_afterwards(
    app: StubApplication, target: Target
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    child = waiting(app.database, parent=half.generation_id)
    assert [commit(app, one) for one in (half, child)] == [Outcome.RELEASED] * 2
    placed = hold(app, target, half.generation_id if target is Target.GENERATION else person.likeness_id)
    for one in (half, child):
        with pytest.raises(OnLegalHold):
            serve(app, one)
    lift(app, placed)
    for one in (half, child):
        serve(app, one)


def test_a_hold_that_only_preserves_is_not_noticed_by_anybody(app: StubApplication) -> None:
    half = waiting(app.database)
    hold(app, Target.GENERATION, half.generation_id, effect=Effect.PRESERVE)
    assert commit(app, half) is Outcome.RELEASED
    serve(app, half)


def test_a_hold_and_a_release_wait_for_each_other(app: StubApplication) -> None:
    half = waiting(app.database)
    placed: list[str] = []
    thread = threading.Thread(target=lambda: placed.append(hold(app, Target.GENERATION, half.generation_id)))
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        thread.start()
        thread.join(0.4)
        assert placed == []
    thread.join(20)
    with pytest.raises(OnLegalHold):
        serve(app, half)


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("act", ["place", "lift"])
def test_a_hold_on_what_it_was_remixed_from_and_a_release_wait_for_each_other(
    app: StubApplication, target: Target, act: str
) -> None:
    person = enrol_person(app, 1)
    parent = waiting(app.database, person)
    assert commit(app, parent) is Outcome.RELEASED
    child = waiting(app.database, parent=parent.generation_id)
    target_id = parent.generation_id if target is Target.GENERATION else person.likeness_id
    placed = [hold(app, target, target_id)] if act == "lift" else []
    change = (
        (lambda: lift(app, placed[0])) if placed else (lambda: placed.append(hold(app, target, target_id)))
    )
    thread = threading.Thread(target=change)
    with app.database.transaction() as session:
        assert commit_release(session, child, clock=now_ms) is (
            Outcome.LEGAL_HOLD if placed else Outcome.RELEASED
        )
        thread.start()
        thread.join(0.4)
        assert thread.is_alive()
    thread.join(20)
    if act == "lift":
        assert state_of(app, child.generation_id)[0] == "generated"
    else:
        with pytest.raises(OnLegalHold):
            serve(app, child)


def test_no_moderator_allows_what_the_law_stops(app: StubApplication) -> None:
    half = waiting(app.database)
    placed = hold(app, Target.GENERATION, half.generation_id)
    assert commit(app, half) is Outcome.LEGAL_HOLD
    with app.database.transaction() as session:
        case = open_case(
            session, generation_id=half.generation_id, decision_id=half.decision_id, stage="output", overridable=True,
            now_ms=1,
        ).id  # fmt: skip
    with pytest.raises(NotForPeople):
        decide(app, case)
    lift(app, placed)
    assert state_of(app, half.generation_id)[0] == "generated"


def test_a_person_who_allows_a_held_output_does_not_release_it(app: StubApplication) -> None:
    case = held(app, "gen_held", stage="output")
    hold(app, Target.GENERATION, "gen_held")
    decide(app, case)
    with app.database.read() as session:
        queued = session.exec(select(JobRow).where(col(JobRow.kind) == RELEASE)).one()
    half = waiting(app.database)
    prepared = Prepared(
        "gen_held", "rel_held", str(queued.payload["sha256"]), str(queued.payload["decision_id"]), half.release_sha256, 5,
        half.entry,
    )  # fmt: skip
    assert commit(app, prepared) is Outcome.LEGAL_HOLD


def test_revocation_still_takes_back_what_is_held_and_lifting_brings_nothing_back(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    placed = hold(app, Target.LIKENESS, person.likeness_id)
    assert commit(app, half) is Outcome.LEGAL_HOLD
    with app.database.transaction() as session:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    lift(app, placed)
    assert commit(app, half) is Outcome.CONSENT_LOST
    with pytest.raises(ReleaseUnknown):
        serve(app, half)


@pytest.mark.parametrize("on", list(Target))
def test_what_is_preserved_is_revoked_at_once_and_erased_when_the_hold_is_lifted(
    app: StubApplication, on: Target
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    portrait(app, person)
    placed = hold(
        app, on, person.likeness_id if on is Target.LIKENESS else half.generation_id, effect=Effect.PRESERVE
    )
    revoked = erase(app, person)
    assert "preserves" in revoked.revocation.notice
    assert (likeness_state(app, person), portraits(app), revoked.withdrawal_id != "") == ("revoked", 1, True)
    erase(app, person)
    assert likeness_state(app, person) == "revoked"
    lift(app, placed)
    assert jobs(app, ERASE) == 1
    erase_in_job(app, person)
    assert (likeness_state(app, person), portraits(app)) == ("erased", 0)


def erase_in_job(app: StubApplication, person: Person) -> None:
    """What the queued job does."""
    with app.database.transaction() as session:
        erase_now(session, person.likeness_id, at_ms=now_ms(session))


def portrait(app: StubApplication, person: Person) -> None:
    """A picture to generate from."""
    with app.database.transaction() as session:
        session.add(Asset(sha256="a" * 64, role="portrait", created_ms=1))
        session.add(LikenessPortrait(likeness_id=person.likeness_id, asset_sha256="a" * 64, created_ms=1))


def portraits(app: StubApplication) -> int:
    """How many there are."""
    with app.database.read() as session:
        return len(session.exec(select(LikenessPortrait)).all())


def test_a_second_hold_keeps_what_the_first_let_go(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first = hold(app, Target.LIKENESS, person.likeness_id)
    erase(app, person)
    lift(app, first)
    hold(app, Target.LIKENESS, person.likeness_id)
    erase_in_job(app, person)
    assert likeness_state(app, person) == "revoked"


def test_an_owner_who_restored_it_meanwhile_keeps_it(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    placed = hold(app, Target.LIKENESS, person.likeness_id)
    erase(app, person)
    with app.database.transaction() as session:
        restore(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    lift(app, placed)
    erase_in_job(app, person)
    assert likeness_state(app, person) == "active"


def test_what_was_erased_in_vain_once_is_erased_when_its_owner_asks_again(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first = hold(app, Target.LIKENESS, person.likeness_id)
    erase(app, person)
    with app.database.transaction() as session:
        restore_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    lift(app, first)
    assert jobs(app, ERASE) == 0
    second = hold(app, Target.LIKENESS, person.likeness_id)
    assert "preserves" in erase(app, person).revocation.notice
    lift(app, second)
    assert jobs(app, ERASE) == 1
    erase_in_job(app, person)
    assert likeness_state(app, person) == "erased"


def made_from(app: StubApplication, sha256: str) -> str:
    """A generation that was asked for with this file; its id."""
    half = waiting(app.database)
    with app.database.transaction() as session:
        row = session.get_one(Generation, half.generation_id)
        row.request = request_of(row).model_copy(update={"references": (sha256,)}).model_dump_json()
        session.add(row)
    return half.generation_id


def test_a_portrait_that_a_held_generation_was_made_from_is_erased_once_the_hold_is_lifted(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    portrait(app, person)
    placed = hold(app, Target.GENERATION, made_from(app, "a" * 64))
    erase(app, person)
    assert (likeness_state(app, person), portraits(app)) == ("revoked", 1)
    lift(app, placed)
    erase_in_job(app, person)
    assert (likeness_state(app, person), portraits(app)) == ("erased", 0)


@pytest.mark.parametrize("is_held", [True, False])
def test_a_recording_that_a_held_generation_was_made_from_stays(app: StubApplication, is_held: bool) -> None:
    person = enrol_person(app, 1)
    with app.database.transaction() as session:
        session.add(Asset(sha256="c" * 64, role="reference", created_ms=1))
        session.flush()
        session.add(AssetHolder(sha256="c" * 64, account_id=person.owner, created_ms=1))
    name = made_from(app, "c" * 64)
    if is_held:
        hold(app, Target.GENERATION, name)
    with app.database.transaction() as session:
        forget_recordings(session, person.likeness_id, {"c" * 64}, owner=person.owner, now_ms=1)
    with app.database.read() as session:
        assert (session.get(Asset, "c" * 64) is not None) is is_held


def test_who_placed_and_lifted_it_by_which_order_is_in_the_audit_log(app: StubApplication) -> None:
    half = waiting(app.database)
    placed = hold(app, Target.GENERATION, half.generation_id)
    lift(app, placed)
    with app.database.read() as session:
        rows = session.exec(
            select(AuditEntry).where(AuditEntry.subject == placed).order_by(col(AuditEntry.id))
        ).all()
        row = session.get_one(LegalHold, placed)
    assert [(one.act, one.actor) for one in rows] == [
        ("legal.hold_placed", "acct_legal"),
        ("legal.hold_lifted", "acct_legal"),
    ]
    assert all("court-17" in one.detail for one in rows)
    assert (row.lifted_by, row.lifted_ms is not None) == ("acct_legal", True)


def test_there_is_nothing_to_hold_or_lift_under_an_unknown_id(app: StubApplication) -> None:
    for target in Target:
        with pytest.raises(HoldTargetUnknown):
            hold(app, target, "nowhere")
    half = waiting(app.database)
    placed = hold(app, Target.GENERATION, half.generation_id)
    lift(app, placed)
    with pytest.raises(HoldUnknown):
        lift(app, placed)


def test_a_sentence_is_no_reference(app: StubApplication) -> None:
    half = waiting(app.database)

    def attempt(session: Session) -> None:
        place_hold(
            session, target=Target.GENERATION, target_id=half.generation_id, reference="Ada Lovelace v. us", actor="a", now_ms=1
        )  # fmt: skip

    with pytest.raises(ValueError, match="no personal data"), app.database.transaction() as session:
        attempt(session)
