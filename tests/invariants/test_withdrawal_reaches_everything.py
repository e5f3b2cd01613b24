"""Invariant 4: a withdrawal reaches everything derived, also what is asked for while it sweeps, and the owner's own pictures."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from consent.likeness.handles import find_likeness
from moderation.generation.state import State
from moderation.generation.tables import Asset, AssetHolder, Generation, LikenessPortrait
from moderation.generation.uploads import holds, keep_upload
from moderation.ids import new_id
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.commit import Outcome, commit_release
from moderation.release.sweep import remaining, sweep_now
from moderation.release.tables import Withdrawal
from moderation.release.withdraw import withdraw_one
from moderation.store import now_ms
from tests.support.conveyor import Conveyor, conveyor
from tests.support.moderators import state_of
from tests.support.releases import generated, waiting
from tests.support.service import Person, StubApplication, ask, enrol_person, send_all


@pytest.fixture
def sweeper(app: StubApplication) -> Iterator[Conveyor]:
    """The worker that sweeps."""
    made = Conveyor(app, ["sweeper"])
    yield made
    made.close()


def released(app: StubApplication, *people: Person, parent: str | None = None) -> str:
    """The id of a generation that is out."""
    half = waiting(app.database, *people, parent=parent)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
    return half.generation_id


def revoke(app: StubApplication, person: Person) -> str:
    """The withdrawal's id."""
    with app.database.transaction() as session:
        done = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    return done.withdrawal_id


def test_a_remix_asked_for_while_the_sweep_runs_is_reached(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    parent = released(app, person)
    withdrawal = revoke(app, person)
    swept: list[str] = []
    for order, target in remaining(app.database, withdrawal):
        if not swept:
            with app.database.transaction() as session:  # the parent still stands as far as its row says
                session.add(generated("gen_late", parent=parent, state=State.APPROVED.value))
        swept.append(target)
        with app.database.transaction() as session:
            withdraw_one(session, order, target, now_ms=now_ms(session))
    assert swept == [parent, "gen_late"]
    assert state_of(app, "gen_late") == ("cancelled", "likeness.revoked")


def test_a_sweep_of_a_circle_ends(app: StubApplication) -> None:
    person = enrol_person(app, 1)
    first = released(app, person)
    second = released(app, parent=first)
    with app.database.transaction() as session:
        session.get_one(Generation, first).remix_parent = second
    assert sweep_now(app.database, revoke(app, person)) == 2


@pytest.mark.parametrize("deep", [1, 3])
def test_a_remix_of_a_remix_carries_the_people_of_the_first_and_is_withdrawn_with_it(
    embedded: StubApplication, line: Conveyor, deep: int
) -> None:
    person = enrol_person(embedded, 1)
    parent = released(embedded, person)
    for _ in range(deep):
        (child,) = send_all(embedded.database, [ask("in winter", parent=parent)])
        line.settle([child], State.GENERATED)
        with embedded.database.transaction() as session:
            row = session.get_one(Generation, child)
            row.state = State.RELEASED.value
        parent = child
    revoke(embedded, person)
    line.settle([parent], State.WITHDRAWN)


def test_nobody_remixes_what_was_delivered_to_somebody_else(
    embedded: StubApplication, line: Conveyor
) -> None:
    parent = released(embedded)
    with embedded.database.transaction() as session:
        session.get_one(Generation, parent).account_id = "acct_somebody_else"
    (child,) = send_all(embedded.database, [ask("in winter", parent=parent)])
    line.settle([child], State.REFUSED)
    assert state_of(embedded, child)[1] == "remix.parent"


def portrait_of(app: StubApplication, person: Person, folder: Path, content: bytes = b"a face") -> str:
    """A portrait that the owner gave; its address."""
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    sha256 = keep_upload(app.database, app.assets, path, account_id=person.owner)
    with app.database.transaction() as session:
        session.add(LikenessPortrait(likeness_id=person.likeness_id, asset_sha256=sha256, created_ms=1))
    return sha256


def erase(app: StubApplication, person: Person) -> str:
    """The withdrawal's id."""
    with app.database.transaction() as session:
        return erase_likeness(
            session, person.likeness_id, actor=person.owner, now_ms=now_ms(session)
        ).withdrawal_id


def test_erasing_deletes_the_portraits_themselves(
    app: StubApplication, sweeper: Conveyor, tmp_path: Path
) -> None:
    person = enrol_person(app, 1)
    sha256 = portrait_of(app, person, tmp_path)
    erase(app, person)
    with app.database.read() as session:  # at once: nobody can name it any more
        assert not holds(session, sha256, frozenset({person.owner}))
        assert session.get(Asset, sha256) is None
        assert session.exec(select(AssetHolder)).all() == []
    assert app.assets.exists(sha256)
    sweeper.until(lambda: not app.assets.exists(sha256))


def test_a_portrait_that_another_likeness_shows_stays_until_that_is_erased(
    app: StubApplication, sweeper: Conveyor, tmp_path: Path
) -> None:
    one, two = enrol_person(app, 1), enrol_person(app, 2)
    sha256 = portrait_of(app, one, tmp_path)
    assert portrait_of(app, two, tmp_path) == sha256
    erase(app, one)
    sweeper.until(lambda: sweeper.round() == 0)
    with app.database.read() as session:
        assert holds(session, sha256, frozenset({two.owner}))
    assert app.assets.exists(sha256)
    erase(app, two)
    sweeper.until(lambda: not app.assets.exists(sha256))


def test_a_picture_uploaded_anew_before_its_deletion_is_kept(
    app: StubApplication, sweeper: Conveyor, tmp_path: Path
) -> None:
    person = enrol_person(app, 1)
    sha256 = portrait_of(app, person, tmp_path)
    erase(app, person)
    assert keep_upload(app.database, app.assets, tmp_path / sha256, account_id="acct_new") == sha256
    sweeper.until(lambda: sweeper.round() == 0)
    assert app.assets.exists(sha256)


def test_an_erased_likeness_stays_as_a_name_that_refuses(embedded: StubApplication, line: Conveyor) -> None:
    person = enrol_person(embedded, 1)
    erase(embedded, person)
    (name,) = send_all(embedded.database, [ask("@person_1 waves", person)])
    line.settle([name], State.REFUSED)
    with embedded.database.read() as session:
        found = find_likeness(session, person.handle)
        assert found is not None
        assert found.state == "erased"


def test_what_was_in_flight_when_the_owner_erased_is_cancelled(embedded: StubApplication) -> None:
    person = enrol_person(embedded, 1)
    (name,) = send_all(embedded.database, [ask("@person_1 waves", person, name=new_id("gen"))])
    with conveyor(embedded, "release", "generator") as before:
        before.settle([name], State.APPROVED)
    withdrawal = erase(embedded, person)
    sweep_now(embedded.database, withdrawal)
    assert state_of(embedded, name) == ("cancelled", "likeness.erased")
    with embedded.database.read() as session:
        assert session.get_one(Withdrawal, withdrawal).done_ms is not None
