"""Counted grants: what is reserved, returned and spent, whatever is retried or raced; on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session

from consent.likeness.grants import GrantTerms, change_grant, give_grant
from consent.likeness.models import Audience, Grant
from consent.likeness.rulings import UseRuling, evaluate_use
from consent.likeness.uses import UseExhausted, reserve_use, return_uses
from moderation.store import Database
from tests.support.people import People


def granted(session: Session, people: People, uses: int | None) -> None:
    people.enrol(session, 1)
    terms = GrantTerms(Audience.EVERYONE, uses_left=uses)
    give_grant(
        session, grant_id="grant_1", likeness_id="likeness_1", terms=terms, actor="account_1", now_ms=2_000
    )


def left(session: Session) -> int | None:
    grant = session.get(Grant, "grant_1", populate_existing=True)
    assert grant is not None
    return grant.uses_left


def reserve(session: Session, generation: str) -> None:
    reserve_use(session, grant_id="grant_1", generation_id=generation, now_ms=3_000)


def ask(session: Session, generation: str = "") -> UseRuling:
    return evaluate_use(
        session,
        handle_or_id="likeness_1",
        account_id="friend",
        purpose="video",
        now_ms=3_000,
        generation_id=generation,
    )


def test_a_reserved_use_is_gone_for_others_and_still_good_for_its_generation(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        granted(session, people, 1)
        assert ask(session).counted
        reserve(session, "gen_1")
        assert ask(session).code == "likeness.used_up"
        assert ask(session, "gen_2").code == "likeness.used_up"
        assert ask(session, "gen_1").permitted


def test_reserving_twice_for_one_generation_takes_one_use(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, 3)
        reserve(session, "gen_1")
        reserve(session, "gen_1")
        assert left(session) == 2


def test_returning_twice_gives_back_one_use(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, 3)
        reserve(session, "gen_1")
        assert return_uses(session, generation_id="gen_1", now_ms=4_000) == 1
        assert return_uses(session, generation_id="gen_1", now_ms=4_000) == 0
        assert left(session) == 3
        assert ask(session, "gen_1").permitted


def test_a_returned_use_can_be_reserved_again_by_the_same_generation(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        granted(session, people, 1)
        reserve(session, "gen_1")
        return_uses(session, generation_id="gen_1", now_ms=4_000)
        reserve(session, "gen_1")
        assert left(session) == 0


def test_the_use_beyond_the_last_is_refused(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, 1)
        reserve(session, "gen_1")
        with pytest.raises(UseExhausted, match="grant_1") as refused:
            reserve(session, "gen_2")
        assert refused.value.code == "likeness.used_up"
        assert left(session) == 0


def test_a_grant_without_a_count_is_never_used_up(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, None)
        for number in range(3):
            reserve(session, f"gen_{number}")
        return_uses(session, generation_id="gen_0", now_ms=4_000)
        assert left(session) is None


def test_a_grant_that_is_not_there_has_no_use(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session, pytest.raises(UseExhausted, match="grant_1"):
        reserve(session, "gen_1")


def test_a_use_held_across_a_change_of_terms_stays_good_and_adds_nothing_to_the_new_count(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        granted(session, people, 5)
        reserve(session, "gen_1")
        terms = GrantTerms(Audience.EVERYONE, uses_left=1)
        change_grant(
            session, grant_id="grant_1", likeness_id="likeness_1", terms=terms, actor="a", now_ms=3_500
        )
        reserve(session, "gen_1")
        assert left(session) == 1
        assert return_uses(session, generation_id="gen_1", now_ms=4_000) == 1
        assert left(session) == 1


def test_a_rolled_back_reservation_takes_nothing(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, 1)
    with database.engine.connect() as connection, Session(connection) as session:
        reserve(session, "gen_1")
        session.rollback()
    with database.transaction() as session:
        assert left(session) == 1
        reserve(session, "gen_3")


def test_of_many_at_once_only_as_many_succeed_as_there_are_uses(database: Database, people: People) -> None:
    with database.transaction() as session:
        granted(session, people, 3)

    def attempt(number: int) -> bool:
        try:
            with database.transaction() as session:
                reserve(session, f"gen_{number}")
        except UseExhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(12))) == 3
    with database.read() as session:
        assert left(session) == 0
