"""Who a face is: only ever answered from an index that is in step with the registry; else could not judge."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from consent.biometrics.index import IndexStale, TemplateIndex
from moderation.bus.dead_letters import dismiss, list_open, park
from moderation.bus.log import Partition, Record
from moderation.gate.check import CouldNotJudge
from moderation.gate.identify import RegistryIndex
from moderation.gate.lazy import Lazy
from moderation.gate.perceive import FaceWatcher
from moderation.gate.subjects import FaceMatch
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.messages import Topic
from moderation.store import Database, now_ms
from tests.support.media import plain
from tests.support.people import People, embedding
from tests.support.senses import Scripted, broken


def replica(database: Database, people: People) -> RegistryIndex:
    """A replica that has just started."""
    return RegistryIndex(database, Lazy(people.new_index))


def enrol(database: Database, people: People, person: int) -> str:
    """Committed; the likeness id."""
    with database.transaction() as session:
        return people.enrol(session, person).likeness_id


def asked(*persons: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Another shot of each person."""
    return np.array([embedding(person, 1) for person in persons], np.float32).reshape(-1, 512)


def parked(database: Database, topic: str) -> str:
    """A dead letter of this topic; its id."""
    record = Record(Partition(topic, 0), 0, "lik_1", "evt_1", b"{}")
    with database.transaction() as session:
        return park(session, record, ValueError("bad"), group="registry", tries=5, now_ms=1)


def test_an_enrolled_person_is_found_at_once_without_a_background_refresh(sqlite_database: Database) -> None:
    people = People()
    index = replica(sqlite_database, people)
    likeness_id = enrol(sqlite_database, people, 1)
    [[match]] = index.identify(asked(1))
    assert (match.likeness_id, match.handle, match.standing) == (likeness_id, "person_1", "enrolled")
    assert match.similarity == round(match.similarity, 4) > 0.9


def test_a_replica_that_took_long_to_take_in_what_changed_answers_all_the_same(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, read = People(), TemplateIndex._advance
    likeness_id = enrol(sqlite_database, people, 1)

    def read_slowly(index: TemplateIndex, *arguments: Any) -> Any:
        people.now_s += 60
        return read(index, *arguments)

    monkeypatch.setattr(TemplateIndex, "_advance", read_slowly)
    [[match]] = replica(sqlite_database, people).identify(asked(1))
    assert match.likeness_id == likeness_id


def test_every_row_has_its_own_matches_and_a_stranger_has_none(sqlite_database: Database) -> None:
    people = People()
    for person in (1, 2):
        enrol(sqlite_database, people, person)
    found = replica(sqlite_database, people).identify(asked(2, 9, 1))
    assert [[match.handle for match in row] for row in found] == [["person_2"], [], ["person_1"]]


def test_no_faces_are_no_matches(sqlite_database: Database) -> None:
    assert replica(sqlite_database, People()).identify(asked()) == []


def test_a_revoked_person_is_found_as_revoked_from_the_commit_on(sqlite_database: Database) -> None:
    people = People()
    index = replica(sqlite_database, people)
    likeness_id = enrol(sqlite_database, people, 1)
    index.refresh()
    with sqlite_database.transaction() as session:
        revoke_likeness(session, likeness_id, actor="account_1", now_ms=now_ms(session))
    assert [match.standing for match in index.identify(asked(1))[0]] == ["revoked"]


def test_an_erased_person_is_found_no_more(sqlite_database: Database) -> None:
    people = People()
    index = replica(sqlite_database, people)
    likeness_id = enrol(sqlite_database, people, 1)
    index.refresh()
    with sqlite_database.transaction() as session:
        erase_likeness(session, likeness_id, actor="account_1", now_ms=now_ms(session))
    assert list(index.identify(asked(1))) == [()]


def test_a_protected_person_has_no_handle(sqlite_database: Database) -> None:
    people = People()
    with sqlite_database.transaction() as session:
        people.protect(session, 4)
    [[match]] = replica(sqlite_database, people).identify(asked(4))
    assert (match.likeness_id, match.handle, match.standing) == ("figure_4", "", "protected")


@pytest.mark.parametrize("topic", [Topic.CONSENT, Topic.RIGHTS])
def test_a_parked_change_of_consent_or_rights_means_could_not_judge_until_it_is_settled(
    sqlite_database: Database, topic: Topic
) -> None:
    index = replica(sqlite_database, People())
    index.refresh()
    letter = parked(sqlite_database, str(topic))
    for ask in (lambda: index.identify(asked(1)), index.ping):
        with pytest.raises(CouldNotJudge) as caught:
            ask()
        assert caught.value.cause == "registry.parked_change"
    with sqlite_database.transaction() as session:
        dismiss(session, letter, now_ms=2)
        assert list_open(session) == ()
    index.ping()
    assert list(index.identify(asked(1))) == [()]


def test_a_parked_message_of_another_topic_does_not_concern_the_registry(sqlite_database: Database) -> None:
    index = replica(sqlite_database, People())
    parked(sqlite_database, str(Topic.REQUESTS))
    assert list(index.identify(asked(1))) == [()]


class Away(Database):
    """A database that stops answering when told to."""

    gone = False

    def read(self):  # type: ignore[no-untyped-def]  # as the base
        """Raises while it is gone."""
        if self.gone:
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
        return super().read()


@pytest.fixture
def away(sqlite_database: Database) -> Away:
    """The same file through a connection that can be cut."""
    return Away(sqlite_database.engine.url.render_as_string())


def test_a_database_that_is_away_leaves_every_face_unjudged(away: Away) -> None:
    people = People()
    index = replica(away, people)
    enrol(away, people, 1)
    index.refresh()
    away.gone = True
    with pytest.raises(OperationalError):
        index.identify(asked(1))
    script = Scripted(people=(1,))
    senses = script.senses()
    watcher = FaceWatcher(replace(senses, lookup=index), ())
    watcher.look(0.0, plain(8, 8, (0, 0, 0)))
    assert watcher.observed().cause == "error"
    away.close()


def test_an_index_that_was_not_compared_for_a_second_is_stale_and_says_so(away: Away) -> None:
    people = People()
    index = replica(away, people)
    index.refresh()
    index.ping()
    away.gone = True
    people.now_s += 1.5
    with pytest.raises(OperationalError):
        index.refresh()
    with pytest.raises(IndexStale, match=r"1\.5 s ago"):
        index.ping()
    assert index.staleness_s() == 1.5
    away.gone = False
    index.refresh()
    index.ping()
    away.close()


def test_before_the_first_comparison_the_age_is_infinite_and_the_index_may_not_be_used(
    sqlite_database: Database,
) -> None:
    index = replica(sqlite_database, People())
    assert index.staleness_s() == float("inf")
    with pytest.raises(IndexStale):
        index.ping()


def test_templates_of_another_model_cannot_be_searched_so_nobody_is_let_pass(
    sqlite_database: Database,
) -> None:
    people = People()
    enrol(sqlite_database, people, 1)
    other: Callable[[], TemplateIndex] = lambda: people.new_index("face:another")  # noqa: E731  # one line says it
    with pytest.raises(IndexStale, match="another model"):
        RegistryIndex(sqlite_database, Lazy(other)).identify(asked(2))


def test_an_index_that_cannot_be_made_could_not_judge(sqlite_database: Database) -> None:
    index = RegistryIndex(sqlite_database, broken())
    with pytest.raises(FileNotFoundError):
        index.identify(asked(1))
    assert index.staleness_s() == float("inf")


def test_an_embedding_that_is_no_number_could_not_be_judged(sqlite_database: Database) -> None:
    people = People()
    enrol(sqlite_database, people, 1)
    with pytest.raises(Exception, match="length 1") as caught:
        replica(sqlite_database, people).identify(np.full((1, 512), np.nan, np.float32))
    assert getattr(caught.value, "code", "") == "index.query_invalid"


def test_matches_come_best_first(sqlite_database: Database) -> None:
    people = People()
    for person in (1, 2):
        enrol(sqlite_database, people, person)
    between = 0.8 * embedding(1) + 0.6 * embedding(2)
    [row] = replica(sqlite_database, people).identify((between / np.linalg.norm(between))[None, :])
    assert [match.handle for match in row] == ["person_1", "person_2"]
    assert isinstance(row[0], FaceMatch)
