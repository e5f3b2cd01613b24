"""Giving, changing and withdrawing grants, and what the database then answers; on SQLite and PostgreSQL."""

import pytest
from sqlmodel import Session, select

from consent.likeness.changes import LikenessErased, LikenessRevoked, LikenessUnknown
from consent.likeness.grants import (
    GrantInvalid,
    GrantTerms,
    change_grant,
    evaluate_use,
    give_grant,
    standing_grants,
    withdraw_grant,
)
from consent.likeness.models import AccountLink, Audience, LikenessEvent
from consent.likeness.revocation import erase, revoke
from moderation.store import Database
from tests.support.people import People

EVERYONE = GrantTerms(Audience.EVERYONE)


def code(
    session: Session, *, account: str = "friend", likeness: str = "@person_1", now_ms: int = 5_000
) -> str:
    return evaluate_use(
        session, handle_or_id=likeness, account_id=account, purpose="video", now_ms=now_ms
    ).code


def give(
    session: Session, terms: GrantTerms = EVERYONE, grant_id: str = "grant_1", now_ms: int = 2_000
) -> int:
    change = give_grant(
        session, grant_id=grant_id, likeness_id="likeness_1", terms=terms, actor="account_1", now_ms=now_ms
    )
    return change.revision


def test_a_new_likeness_is_its_owners_alone_until_they_grant(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
        assert code(session, account="account_1") == "ok"
        assert code(session) == "likeness.not_granted"
        give(session)
        assert code(session) == "ok"


@pytest.mark.parametrize("name", ["@person_1", "person_1", "@PERSON_1", " @Person_1 ", "likeness_1"])
def test_a_likeness_is_found_by_handle_in_any_case_and_by_id(
    sqlite_database: Database, people: People, name: str
) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        assert code(session, account="account_1", likeness=name) == "ok"


@pytest.mark.parametrize("name", ["", "@", "person_2", "@pеrson_1", "likeness_1 OR 1=1"])
def test_a_handle_that_nobody_has_is_unknown(sqlite_database: Database, people: People, name: str) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        assert code(session, likeness=name) == "likeness.unknown"


def test_each_change_is_one_revision_with_its_history(database: Database, people: People) -> None:
    with database.transaction() as session:
        assert people.enrol(session, 1).revision == 1
        assert give(session) == 2
        terms = GrantTerms(Audience.NAMED, account_ids=("friend", "friend"))
        assert change_grant(
            session, grant_id="grant_1", likeness_id="likeness_1", terms=terms, actor="account_1", now_ms=3_000
        ).revision == 3  # fmt: skip
        withdraw_grant(session, grant_id="grant_1", likeness_id="likeness_1", actor="account_1", now_ms=4_000)
    with database.read() as session:
        events = session.exec(select(LikenessEvent).order_by("revision")).all()
        assert [(event.revision, event.change, event.at_ms) for event in events] == [
            (1, "enrolled", 1_000),
            (2, "granted", 2_000),
            (3, "grant_changed", 3_000),
            (4, "grant_withdrawn", 4_000),
        ]
        assert [event.registry_version for event in events] == [1, 2, 3, 4]
        assert events[1].detail == {"grant_id": "grant_1"}
        assert code(session) == "likeness.not_granted"
        assert standing_grants(session, "likeness_1") == []


def test_changed_terms_hold_from_then_on(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
        give(session)
        narrower = GrantTerms(Audience.NAMED, account_ids=("other",))
        change_grant(
            session, grant_id="grant_1", likeness_id="likeness_1", terms=narrower, actor="a", now_ms=3_000
        )
        assert code(session) == "likeness.not_granted"
        assert code(session, account="other") == "ok"


def test_a_grant_expires_by_the_time_that_is_passed_in(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
        give(session, GrantTerms(Audience.EVERYONE, expires_ms=6_000))
        assert code(session, now_ms=5_999) == "ok"
        assert code(session, now_ms=6_000) == "likeness.expired"


def test_mutuals_follow_each_other_and_one_way_is_not_enough(database: Database, people: People) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
        give(session, GrantTerms(Audience.MUTUALS))
        session.add(AccountLink(follower_id="friend", followed_id="account_1"))
        session.flush()
        assert code(session) == "likeness.not_granted"
        session.add(AccountLink(follower_id="account_1", followed_id="friend"))
        session.flush()
        assert code(session) == "ok"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (GrantTerms(Audience.NAMED), "account_ids"),
        (GrantTerms(Audience.EVERYONE, account_ids=("friend",)), "account_ids"),
        (GrantTerms(Audience.EVERYONE, purposes=()), "purposes"),
        (GrantTerms(Audience.EVERYONE, purposes=("",)), "purposes"),
        (GrantTerms(Audience.EVERYONE, expires_ms=2_000), "expires_ms"),
        (GrantTerms(Audience.EVERYONE, uses_left=0), "uses_left"),
    ],
)
def test_terms_that_grant_nothing_are_refused_with_the_field_and_a_remedy(
    sqlite_database: Database, people: People, terms: GrantTerms, field: str
) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        with pytest.raises(GrantInvalid, match=rf"^{field}: .*; ") as refused:
            give(session, terms)
        assert refused.value.code == "grant.invalid"
        assert standing_grants(session, "likeness_1") == []


def test_a_grant_of_another_likeness_cannot_be_changed_through_ones_own(
    sqlite_database: Database, people: People
) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
    with sqlite_database.transaction() as session:
        people.enrol(session, 2)
        give(session)
        with pytest.raises(GrantInvalid, match="grant_1"):
            withdraw_grant(
                session, grant_id="grant_1", likeness_id="likeness_2", actor="account_2", now_ms=3_000
            )
        assert code(session) == "ok"


def test_a_withdrawn_grant_cannot_be_changed_back_to_life(sqlite_database: Database, people: People) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        give(session)
        withdraw_grant(session, grant_id="grant_1", likeness_id="likeness_1", actor="a", now_ms=3_000)
        with pytest.raises(GrantInvalid):
            change_grant(
                session, grant_id="grant_1", likeness_id="likeness_1", terms=EVERYONE, actor="a", now_ms=3_000
            )


def test_a_grant_needs_a_likeness_that_is_there_and_active(sqlite_database: Database, people: People) -> None:
    with sqlite_database.transaction() as session:
        with pytest.raises(LikenessUnknown, match="likeness_1"):
            give(session)
        people.enrol(session, 1)
        revoke(session, "likeness_1", now_ms=3_000, actor="account_1")
        with pytest.raises(LikenessRevoked, match="restore it first"):
            give(session)
        erase(session, "likeness_1", now_ms=3_000, actor="account_1")
        with pytest.raises(LikenessErased, match="erased for good"):
            give(session)
