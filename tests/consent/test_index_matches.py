"""A match is checked against the current rows: the index is a copy, and the rows are right; on SQLite and PostgreSQL."""

from consent.biometrics.index import Match
from consent.biometrics.matches import ConfirmedMatch, confirm
from consent.biometrics.models import Standing
from consent.biometrics.vault import erase_templates
from consent.likeness.registry import bump_registry
from consent.likeness.revocation import erase, revoke
from moderation.store import Database
from tests.support.people import People, embedding


def matched(database: Database, people: People, person: int) -> tuple[Match, ...]:
    with database.read() as session:
        people.index.refresh(session)
    found = people.index.search(embedding(person)[None])
    assert len(found) == 1
    return found


def confirmed(database: Database, matches: tuple[Match, ...]) -> tuple[ConfirmedMatch, ...]:
    with database.read() as session:
        return confirm(session, matches)


def test_a_match_names_the_owner_and_the_revision_that_stand_now(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    (found,) = confirmed(database, matched(database, people, 1))
    assert (found.standing, found.handle, found.owner_account_id, found.revision) == (
        Standing.ENROLLED,
        "person_1",
        "account_1",
        1,
    )


def test_someone_revoked_since_the_snapshot_is_revoked(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    matches = matched(database, people, 1)
    with database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
    assert matches[0].standing == Standing.ENROLLED
    (found,) = confirmed(database, matches)
    assert (found.standing, found.revision) == (Standing.REVOKED, 2)


def test_someone_erased_since_the_snapshot_is_no_longer_recognised(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
    matches = matched(database, people, 1)
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=2_000, actor="a")
    assert confirmed(database, matches) == ()


def test_a_protected_person_matches_without_ever_having_enrolled(database: Database, people: People) -> None:
    with database.transaction() as session:
        subject = people.protect(session, 7)
    matches = matched(database, people, 7)
    (found,) = confirmed(database, matches)
    assert (found.match.subject_id, found.standing, found.handle) == (subject, Standing.PROTECTED, "")
    with database.transaction() as session:
        erase_templates(session, subject, version=bump_registry(session))
    assert confirmed(database, matches) == ()


def test_nothing_to_confirm_is_nothing(database: Database) -> None:
    assert confirmed(database, ()) == ()
