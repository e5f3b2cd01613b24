"""Invariant 2: no release and no served byte after a committed revocation, through every door, on every replica."""

from collections.abc import Callable

import pytest
from sqlmodel import Session

from consent.likeness.models import RevokeScope
from consent.likeness.revocation import restore
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.commit import Outcome, commit_release
from moderation.release.serve import ReleaseGone, servable
from moderation.release.sweep import sweep_now
from moderation.store import Database, now_ms
from tests.support.releases import waiting
from tests.support.service import Person, StubApplication, enrol_person


def everything(session: Session, person: Person) -> str:
    """Revoke; the withdrawal's id."""
    done = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    return done.withdrawal_id


def future(session: Session, person: Person) -> str:
    """Revoke for new use only; nothing is withdrawn."""
    done = revoke_likeness(
        session, person.likeness_id, actor=person.owner, now_ms=now_ms(session), scope=RevokeScope.FUTURE
    )
    return done.withdrawal_id


def erased(session: Session, person: Person) -> str:
    """Erase; the withdrawal's id."""
    return erase_likeness(
        session, person.likeness_id, actor=person.owner, now_ms=now_ms(session)
    ).withdrawal_id


TAKE_BACK = [everything, future, erased]


@pytest.mark.parametrize("take_back", TAKE_BACK)
def test_what_is_only_prepared_is_not_released(
    app: StubApplication, take_back: Callable[[Session, Person], str]
) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    with app.database.transaction() as session:
        take_back(session, person)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.CONSENT_LOST


def test_revoking_the_future_and_then_everything_reaches_what_is_out(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        assert future(session, person) == ""
    with app.database.transaction() as session:
        assert servable(session, half.release_id)
        assert everything(session, person)
    with app.database.read() as session, pytest.raises(ReleaseGone):
        servable(session, half.release_id)


@pytest.mark.parametrize("take_back", [everything, erased])
def test_another_replica_serves_nothing_from_the_commit_on(
    app: StubApplication, take_back: Callable[[Session, Person], str]
) -> None:
    """A replica with its own connections, and a session that has read the rows already."""
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
    other = Database(app.database.engine.url.render_as_string(hide_password=False))
    with other.read() as before:
        assert servable(before, half.release_id)
        before.commit()
        with app.database.transaction() as session:
            take_back(session, person)
        with pytest.raises(ReleaseGone):
            servable(before, half.release_id)
    other.close()


def test_a_likeness_that_is_restored_brings_nothing_back_that_was_swept(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    half = waiting(app.database, person)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        withdrawal = everything(session, person)
    sweep_now(app.database, withdrawal)
    with app.database.transaction() as session:
        restore(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.STALE
        with pytest.raises(ReleaseGone):
            servable(session, half.release_id)


def test_a_remix_shows_its_parents_people_and_falls_with_them(app: StubApplication) -> None:
    """The child's own row pins nobody: it must not matter."""
    person = enrol_person(app, 1)
    parent = waiting(app.database, person)
    with app.database.transaction() as session:
        assert commit_release(session, parent, clock=now_ms) is Outcome.RELEASED
    child = waiting(app.database, parent=parent.generation_id)
    late = waiting(app.database, parent=parent.generation_id)
    with app.database.transaction() as session:
        assert commit_release(session, child, clock=now_ms) is Outcome.RELEASED
        withdrawal = everything(session, person)
    with app.database.read() as session, pytest.raises(ReleaseGone):
        servable(session, child.release_id)
    sweep_now(app.database, withdrawal)
    with app.database.transaction() as session:
        assert commit_release(session, late, clock=now_ms) is Outcome.STALE
