"""When the bytes of a release may leave: every condition of `servable`, and counting what left."""

import threading

import pytest
from sqlmodel import Session

from consent.likeness.models import RevokeScope
from consent.likeness.revocation import restore
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.commit import Outcome, commit_release
from moderation.release.serve import ReleaseGone, ReleaseUnknown, count_served, servable
from moderation.release.sweep import sweep_now
from moderation.release.tables import Release, ReleaseState
from moderation.store import now_ms
from tests.support.releases import waiting
from tests.support.service import Person, StubApplication, enrol_person


def released(app: StubApplication, *people: Person, parent: str | None = None) -> Release:
    """A release on record."""
    half = waiting(app.database, *people, parent=parent)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        return session.get_one(Release, half.release_id)


def is_served(app: StubApplication, release: Release) -> bool:
    """Whether its bytes may leave now."""
    with app.database.read() as session:
        try:
            return servable(session, release.id).id == release.id
        except ReleaseGone:
            return False


def test_a_standing_release_is_served(app: StubApplication) -> None:
    assert is_served(app, released(app))


def test_an_unknown_release_is_said_to_be_unknown(app: StubApplication) -> None:
    with app.database.read() as session, pytest.raises(ReleaseUnknown) as caught:
        servable(session, "rel_nobody")
    assert caught.value.code == "release.unknown"


def test_a_withdrawn_release_is_gone_for_good(app: StubApplication) -> None:
    release = released(app)
    with app.database.transaction() as session:
        session.get_one(Release, release.id).state = ReleaseState.WITHDRAWN.value
    with app.database.read() as session, pytest.raises(ReleaseGone) as caught:
        servable(session, release.id)
    assert caught.value.code == "release.withdrawn"


def test_a_generation_in_any_other_state_is_not_served(app: StubApplication) -> None:
    release = released(app)
    for state in set(State) - {State.RELEASED}:
        with app.database.transaction() as session:
            session.get_one(Generation, release.generation_id).state = state.value
        assert not is_served(app, release)


def test_a_revoked_or_erased_likeness_ends_serving_at_once_without_any_sweep(app: StubApplication) -> None:
    for number, act in ((1, revoke_likeness), (2, erase_likeness)):
        person = enrol_person(app, number)
        release = released(app, person)
        assert is_served(app, release)
        with app.database.transaction() as session:
            act(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
        assert not is_served(app, release)


def test_revoking_for_the_future_only_leaves_what_is_out_where_it_is(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    release = released(app, person)
    with app.database.transaction() as session:
        revoke_likeness(
            session, person.likeness_id, actor=person.owner, now_ms=now_ms(session), scope=RevokeScope.FUTURE
        )
    assert is_served(app, release)


def test_a_likeness_restored_before_the_sweep_does_not_keep_what_was_revoked(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    release = released(app, person)
    with app.database.transaction() as session:
        done = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    with app.database.transaction() as session:
        restore(session, person.likeness_id, now_ms=now_ms(session), actor=person.owner)
    sweep_now(app.database, done.withdrawal_id)
    assert not is_served(app, release)


def test_a_remix_is_not_served_when_any_of_its_ancestors_is_not(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first = released(app, person)
    second = released(app, parent=first.generation_id)
    third = released(app, parent=second.generation_id)
    assert all(is_served(app, one) for one in (first, second, third))
    with app.database.transaction() as session:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert not any(is_served(app, one) for one in (first, second, third))


def test_a_lineage_that_bites_its_own_tail_ends(app: StubApplication) -> None:
    first = released(app)
    second = released(app, parent=first.generation_id)
    with app.database.transaction() as session:
        session.get_one(Generation, first.generation_id).remix_parent = second.generation_id
    assert is_served(app, second)


def test_a_remix_of_a_generation_that_is_not_on_record_is_not_served(app: StubApplication) -> None:
    release = released(app)
    with app.database.transaction() as session:
        session.get_one(Generation, release.generation_id).remix_parent = "gen_gone"
    assert not is_served(app, release)


def test_downloads_side_by_side_are_all_counted(app: StubApplication) -> None:
    release = released(app)
    together = threading.Barrier(6)

    def download() -> None:
        together.wait(10)
        with app.database.transaction() as session:
            count_served(session, release.id)

    threads = [threading.Thread(target=download) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert served(app, release) == 6


def test_a_count_made_while_the_row_is_in_memory_is_not_lost(app: StubApplication) -> None:
    release = released(app)
    with app.database.transaction() as session:
        held: Release = row(session, release)
        count_served(session, release.id)
        count_served(session, release.id)
        session.refresh(held)
        assert held.served == 2


def served(app: StubApplication, release: Release) -> int:
    """The count on record."""
    with app.database.read() as session:
        return row(session, release).served


def row(session: Session, release: Release) -> Release:
    """As it is now."""
    return session.get_one(Release, release.id, populate_existing=True)
