"""Revoking, restoring and erasing: what ends, what stays, and what happens when it is done twice; on SQLite and PostgreSQL."""

import pytest
from sqlmodel import Session, select

from consent.biometrics.models import Standing, Template, TemplateKey
from consent.likeness.changes import LikenessErased, LikenessUnknown
from consent.likeness.grants import GrantTerms, give_grant
from consent.likeness.models import Audience, Likeness, LikenessEvent, RevokeScope
from consent.likeness.registry import registry_version
from consent.likeness.revocation import ERASURE_NOTICE, erase, restore, revoke, serving_refused
from consent.likeness.rulings import evaluate_use
from moderation.store import Database
from tests.support.people import People


def enrolled(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1, shots=(0, 1))
        terms = GrantTerms(Audience.EVERYONE)
        give_grant(
            session,
            grant_id="grant_1",
            likeness_id="likeness_1",
            terms=terms,
            actor="account_1",
            now_ms=1_500,
        )


def code(session: Session, account: str = "friend") -> str:
    return evaluate_use(
        session, handle_or_id="@person_1", account_id=account, purpose="video", now_ms=5_000
    ).code


def likeness(session: Session) -> Likeness:
    return session.exec(select(Likeness).where(Likeness.id == "likeness_1")).one()


def standings(session: Session) -> set[str]:
    return set(session.exec(select(Template.standing)))


def test_a_revocation_ends_every_permission_at_once_and_keeps_the_template_to_refuse(
    database: Database, people: People
) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        done = revoke(session, "likeness_1", now_ms=2_000, actor="account_1")
    assert (done.change.changed, done.change.revision, done.change.registry_version) == (True, 3, 3)
    assert done.withdraw_released
    with database.read() as session:
        assert code(session) == code(session, "account_1") == "likeness.revoked"
        assert standings(session) == {Standing.REVOKED}
        assert session.exec(select(TemplateKey)).one().subject_id == "likeness_1"
        assert serving_refused(likeness(session))


def test_revoking_again_changes_nothing_and_says_what_stands(database: Database, people: People) -> None:
    enrolled(database, people)
    for attempt in range(3):
        with database.transaction() as session:
            done = revoke(session, "likeness_1", now_ms=2_000 + attempt, actor="account_1")
            assert done.change.changed == done.withdraw_released == (attempt == 0)
            assert (done.change.revision, done.change.registry_version) == (3, 3)
    with database.read() as session:
        assert registry_version(session) == 3
        assert len(session.exec(select(LikenessEvent)).all()) == 3


def test_a_revocation_of_future_use_leaves_what_was_released_and_can_be_widened(
    database: Database, people: People
) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        done = revoke(session, "likeness_1", now_ms=2_000, actor="a", scope=RevokeScope.FUTURE)
        assert not done.withdraw_released
        assert code(session) == "likeness.revoked"
        assert not serving_refused(likeness(session))
    with database.transaction() as session:
        wider = revoke(session, "likeness_1", now_ms=3_000, actor="a")
        assert (wider.change.changed, wider.withdraw_released, wider.change.revision) == (True, True, 4)
        assert serving_refused(likeness(session))


def test_a_revocation_of_everything_is_not_narrowed_by_a_later_one_of_the_future(
    database: Database, people: People
) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
        again = revoke(session, "likeness_1", now_ms=3_000, actor="a", scope=RevokeScope.FUTURE)
        assert (again.change.changed, again.scope) == (False, RevokeScope.EVERYTHING)
        assert serving_refused(likeness(session))


def test_a_restored_likeness_is_its_owners_again_and_every_grant_must_be_given_anew(
    database: Database, people: People
) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
        change = restore(session, "likeness_1", now_ms=3_000, actor="a")
        assert (change.changed, change.revision) == (True, 4)
        assert code(session, "account_1") == "ok"
        assert code(session) == "likeness.not_granted"
        assert standings(session) == {Standing.ENROLLED}
        assert not serving_refused(likeness(session))
        assert not restore(session, "likeness_1", now_ms=3_000, actor="a").changed


def test_erasing_destroys_the_key_and_every_ciphertext_and_tells_the_owner_that_recognition_ends(
    database: Database, people: People
) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        done = erase(session, "likeness_1", now_ms=2_000, actor="account_1")
    assert (done.templates_erased, done.withdraw_released, done.notice) == (2, True, ERASURE_NOTICE)
    assert "not recognised" in done.notice
    with database.read() as session:
        assert session.exec(select(TemplateKey)).all() == []
        rows = session.exec(select(Template)).all()
        assert [(row.nonce, row.ciphertext, row.standing, row.version) for row in rows] == [
            (b"", b"", "erased", 3)
        ] * 2
        assert code(session) == code(session, "account_1") == "likeness.erased"
        assert serving_refused(likeness(session))


def test_erasing_again_changes_nothing(database: Database, people: People) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=2_000, actor="a")
        again = erase(session, "likeness_1", now_ms=3_000, actor="a")
        assert (again.change.changed, again.withdraw_released, again.templates_erased) == (False, False, 0)
        assert registry_version(session) == 3


def test_a_revoked_likeness_can_still_be_erased_and_an_erased_one_neither_revoked_nor_restored(
    sqlite_database: Database, people: People
) -> None:
    enrolled(sqlite_database, people)
    with sqlite_database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
        assert erase(session, "likeness_1", now_ms=3_000, actor="a").change.revision == 4
        with pytest.raises(LikenessErased):
            revoke(session, "likeness_1", now_ms=4_000, actor="a")
        with pytest.raises(LikenessErased):
            restore(session, "likeness_1", now_ms=4_000, actor="a")


@pytest.mark.parametrize("act", [revoke, erase, restore])
def test_acts_on_a_likeness_that_is_not_there_say_so(sqlite_database: Database, act: object) -> None:
    with (
        sqlite_database.transaction() as session,
        pytest.raises(LikenessUnknown, match="'nobody'") as refused,
    ):
        act(session, "nobody", now_ms=1, actor="a")  # type: ignore[operator] # three functions of one shape
    assert refused.value.code == "likeness.unknown"


def test_one_persons_erasure_leaves_the_others_alone(database: Database, people: People) -> None:
    enrolled(database, people)
    with database.transaction() as session:
        people.enrol(session, 2)
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=2_000, actor="a")
        assert session.exec(select(TemplateKey.subject_id)).all() == ["likeness_2"]
        live = session.exec(select(Template).where(Template.subject_id == "likeness_2")).one()
        assert people.vault.open(session, live).shape == (512,)


def test_a_rolled_back_revocation_has_not_happened(database: Database, people: People) -> None:
    enrolled(database, people)
    with database.engine.connect() as connection, Session(connection) as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
        session.rollback()
    with database.read() as session:
        assert code(session) == "ok"
        assert standings(session) == {Standing.ENROLLED}
        assert registry_version(session) == 2
