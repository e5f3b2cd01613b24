"""The index's age: what it takes in and when it refuses to answer; on SQLite and PostgreSQL where the database matters."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from consent.biometrics.index import IndexStale, TemplateIndex
from consent.biometrics.models import Standing, Template, TemplateKey
from consent.biometrics.vault import TemplateUnreadable
from consent.likeness.grants import GrantTerms, give_grant
from consent.likeness.models import Audience, RegistryState
from consent.likeness.registry import bump_registry
from consent.likeness.revocation import erase, restore, revoke
from moderation.store import Database
from tests.support.people import MODEL, People, embedding


def refresh(database: Database, people: People) -> bool:
    with database.read() as session:
        return people.index.refresh(session)


def standing(people: People, person: int = 1) -> str:
    return next((match.standing.value for match in people.index.search(embedding(person)[None])), "unknown")


def enrolled(database: Database, people: People, *persons: int) -> None:
    for person in persons:
        with database.transaction() as session:
            people.enrol(session, person)


def test_an_index_that_was_never_compared_answers_nothing(people: People) -> None:
    assert people.index.staleness_s == float("inf")
    assert people.index.checked_at is None
    with pytest.raises(IndexStale, match="inf s ago") as refused:
        people.index.search(embedding(1)[None])
    assert refused.value.code == "index.stale"


def test_a_comparison_holds_for_a_second_and_not_longer(sqlite_database: Database, people: People) -> None:
    refresh(sqlite_database, people)
    people.now_s = 1.0
    people.index.require_fresh()
    people.now_s = 1.01
    with pytest.raises(IndexStale, match=r"1\.0 s ago, 1 s is the limit"):
        people.index.require_fresh()
    with pytest.raises(IndexStale):
        people.index.search(embedding(1)[None])
    people.index.require_fresh(max_age_s=2.0)
    assert not refresh(sqlite_database, people)
    people.index.require_fresh()


def test_a_slow_refresh_is_as_old_as_its_beginning(sqlite_database: Database, people: People) -> None:
    """What commits while the index reads may not be in it: its age counts from before the reading."""
    ticks = iter([10.0, 12.5, 12.5])
    index = TemplateIndex(people.vault, model_revision=MODEL, clock=lambda: next(ticks))
    with sqlite_database.read() as session:
        index.refresh(session)
    assert index.checked_at == 10.0
    with pytest.raises(IndexStale, match=r"2\.5 s ago"):
        index.require_fresh()


def test_each_change_is_taken_in_by_the_next_refresh_and_not_before(
    database: Database, people: People
) -> None:
    enrolled(database, people, 1)
    refresh(database, people)
    seen = [standing(people)]
    for act in (revoke, restore, revoke, erase):
        with database.transaction() as session:
            act(session, "likeness_1", now_ms=2_000, actor="a")
        before = standing(people)
        assert refresh(database, people)
        seen += [before, standing(people)]
    assert seen == [
        "enrolled",
        "enrolled", "revoked",
        "revoked", "enrolled",
        "enrolled", "revoked",
        "revoked", "unknown",
    ]  # fmt: skip
    assert people.index.size == 0


def test_a_change_without_templates_moves_the_version_and_keeps_everyone(
    database: Database, people: People
) -> None:
    enrolled(database, people, 1)
    with database.transaction() as session:
        terms = GrantTerms(Audience.EVERYONE)
        give_grant(session, grant_id="g", likeness_id="likeness_1", terms=terms, actor="a", now_ms=2_000)
    assert refresh(database, people)
    assert (people.index.version, people.index.size, standing(people)) == (2, 1, "enrolled")


def test_an_erased_person_is_gone_from_every_replica_and_the_others_stay(
    database: Database, people: People
) -> None:
    enrolled(database, people, 1, 2, 3)
    replicas = [people.new_index() for _ in range(2)]
    with database.read() as session:
        for replica in replicas:
            replica.refresh(session)
    with database.transaction() as session:
        erase(session, "likeness_2", now_ms=2_000, actor="a")
    late = people.new_index()
    with database.read() as session:
        for replica in [*replicas, late]:
            replica.refresh(session)
            assert replica.size == 2
            assert replica.search(embedding(2)[None]) == ()
            assert [replica.search(embedding(person)[None])[0].subject_id for person in (1, 3)] == [
                "likeness_1",
                "likeness_3",
            ]


def test_a_replica_that_advanced_step_by_step_equals_one_that_started_late(
    database: Database, people: People
) -> None:
    steps: list[Callable[[Session], object]] = [
        lambda session: people.enrol(session, 1, shots=(0, 1)),
        lambda session: people.enrol(session, 2),
        lambda session: revoke(session, "likeness_1", now_ms=1, actor="a"),
        lambda session: people.protect(session, 7),
        lambda session: erase(session, "likeness_2", now_ms=1, actor="a"),
        lambda session: people.enrol(session, 3),
        lambda session: restore(session, "likeness_1", now_ms=1, actor="a"),
    ]
    stepwise = people.new_index()
    for step in steps:
        with database.transaction() as session:
            step(session)
        with database.read() as session:
            stepwise.refresh(session)
    late = people.new_index()
    with database.read() as session:
        late.refresh(session)
    assert (stepwise.version, stepwise.size) == (late.version, late.size) == (7, 4)
    for person in (1, 2, 3, 7):
        query = embedding(person, 5)[None]
        assert stepwise.search(query) == late.search(query)
    assert late.search(embedding(7)[None])[0].standing == Standing.PROTECTED


def test_a_refresh_amid_an_uncommitted_change_is_refused(sqlite_database: Database, people: People) -> None:
    """Were it allowed and the change rolled back, another change would get the version that the snapshot claims."""
    with sqlite_database.transaction() as session:
        bump_registry(session)
        with pytest.raises(RuntimeError, match="after its commit"):
            people.index.refresh(session)


def test_an_older_copy_of_the_database_is_read_from_its_beginning(
    sqlite_database: Database, people: People
) -> None:
    enrolled(sqlite_database, people, 1, 2)
    refresh(sqlite_database, people)
    with sqlite_database.transaction() as session:
        session.execute(update(RegistryState).values(version=1))
        session.execute(
            update(Template).where(col(Template.subject_id) == "likeness_2").values(standing="erased")
        )
    assert refresh(sqlite_database, people)
    assert (people.index.version, people.index.size, standing(people, 2)) == (1, 1, "unknown")


def test_a_template_that_cannot_be_opened_leaves_the_index_ageing_and_unchanged(
    sqlite_database: Database, people: People
) -> None:
    enrolled(sqlite_database, people, 1)
    refresh(sqlite_database, people)
    enrolled(sqlite_database, people, 2)
    with sqlite_database.transaction() as session:
        session.delete(session.get_one(TemplateKey, "likeness_2"))
    people.now_s = 0.5
    with pytest.raises(TemplateUnreadable):
        refresh(sqlite_database, people)
    assert (people.index.version, people.index.checked_at) == (1, 0.0)
    people.now_s = 1.5
    with pytest.raises(IndexStale):
        people.index.search(embedding(1)[None])


def test_someone_erased_while_the_index_reads_is_no_failure(
    sqlite_database: Database, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(sqlite_database, people, 1)
    open_all = people.vault.open_all
    calls: list[int] = []

    def open_after_an_erasure(session: Session, rows: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            session.rollback()
            with sqlite_database.transaction() as other:
                erase(other, "likeness_1", now_ms=2_000, actor="a")
        return open_all(session, rows)  # type: ignore[arg-type] # passed through untouched

    monkeypatch.setattr(people.vault, "open_all", open_after_an_erasure)
    index = people.new_index()
    with sqlite_database.read() as session:
        index.refresh(session)
    assert (len(calls), index.size) == (2, 0)


def test_templates_of_another_model_make_the_index_refuse_until_they_are_gone(
    database: Database, people: People
) -> None:
    enrolled(database, people, 1)
    people.index = people.new_index("face:newermodel")
    refresh(database, people)
    assert people.index.unsearchable == 1
    with pytest.raises(IndexStale, match="1 templates were made by another model than face:newermodel"):
        people.index.search(embedding(1)[None])
    with database.transaction() as session:
        revoke(session, "likeness_1", now_ms=2_000, actor="a")
    refresh(database, people)
    assert people.index.unsearchable == 1
    with database.transaction() as session:
        erase(session, "likeness_1", now_ms=2_000, actor="a")
    refresh(database, people)
    assert people.index.unsearchable == 0
    assert people.index.search(embedding(1)[None]) == ()


def test_readers_see_whole_snapshots_while_the_index_advances(
    sqlite_database: Database, people: People
) -> None:
    """Every answer is one that some registry version would give: person 1 enrolled or revoked, never gone or doubled."""
    enrolled(sqlite_database, people, 1)
    refresh(sqlite_database, people)
    done = threading.Event()
    answers: set[tuple[str, ...]] = set()
    failures: list[Exception] = []

    def read() -> None:
        try:
            while not done.is_set():
                answers.add(
                    tuple(match.standing.value for match in people.index.search(embedding(1, 3)[None]))
                )
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(2, 14):
        with sqlite_database.transaction() as session:
            if turn % 3 == 0:
                people.enrol(session, turn)
            else:
                (revoke if turn % 3 == 1 else restore)(session, "likeness_1", now_ms=turn, actor="a")
        refresh(sqlite_database, people)
    done.set()
    for reader in readers:
        reader.join(10)
    assert failures == []
    assert answers <= {("enrolled",), ("revoked",)}
    assert ("enrolled",) in answers
