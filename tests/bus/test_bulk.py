"""Many rows in one statement: the same rows on both databases, errors as everywhere, and Kafka's own choice of partitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from moderation.bulk import any_of, insert_rows, update_rows
from moderation.bus.kafka_producer import KeyPartitioner
from moderation.bus.positions import SeenEventRow
from moderation.bus.transient import is_transient
from moderation.store import Database

COLUMNS = ("group_name", "event_id", "seen_ms")
ODD = ["plain", "tab\tand\nline", "back\\slash", "quote'\"", "\\N", "é😀", ""]


def events(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [
            (row.event_id, row.seen_ms)
            for row in session.exec(select(SeenEventRow).order_by(text("seen_ms")))
        ]


@pytest.mark.parametrize("or_ignore", [False, True])
def test_any_text_is_written_as_it_is(database: Database, or_ignore: bool) -> None:
    rows = [("g", value, number) for number, value in enumerate(ODD)]
    with database.transaction() as session:
        assert insert_rows(session, SeenEventRow, COLUMNS, rows, or_ignore=or_ignore) == len(ODD)
        assert insert_rows(session, SeenEventRow, COLUMNS, []) == 0
    assert events(database) == [(value, number) for number, value in enumerate(ODD)]


def test_a_row_that_is_there_is_left_out_or_refused(database: Database) -> None:
    with database.transaction() as session:
        insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 1)])
        assert (
            insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 2), ("g", "b", 2)], or_ignore=True) == 1
        )
    with pytest.raises(IntegrityError) as refused, database.transaction() as session:
        insert_rows(session, SeenEventRow, COLUMNS, [("g", "c", 3), ("g", "a", 3)])
    assert not is_transient(refused.value)
    assert events(database) == [("a", 1), ("b", 2)], "and nothing of the batch is left"


def test_rows_are_updated_by_their_key(database: Database) -> None:
    with database.transaction() as session:
        insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 1), ("g", "b", 2)])
        changes = [(10, "a"), (20, "b"), (30, "nobody")]
        assert update_rows(session, SeenEventRow, ("seen_ms",), changes, key="event_id") == 2
        assert update_rows(session, SeenEventRow, ("seen_ms",), [], key="event_id") == 0
    assert events(database) == [("a", 10), ("b", 20)]


@pytest.mark.parametrize("wanted", [[], ["a"], ["a", "b", "c"]])
def test_rows_are_found_by_any_number_of_values(database: Database, wanted: list[str]) -> None:
    with database.transaction() as session:
        insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 1), ("g", "b", 2)])
    with database.read() as session:
        by_text = session.exec(
            select(SeenEventRow.event_id).where(any_of(session, SeenEventRow.event_id, wanted))
        )
        assert set(by_text) == {"a", "b"} & set(wanted)
        by_number = session.exec(
            select(SeenEventRow.event_id).where(any_of(session, SeenEventRow.seen_ms, [2, 3]))
        )
        assert list(by_number) == ["b"]


def cut_off(database: Database) -> None:
    """Write on a connection that the server has ended meanwhile."""
    with database.transaction() as session:
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.transaction() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 1)])


@pytest.mark.integration
def test_a_connection_that_ends_under_a_copy_passes_by_itself(postgres_database: Database) -> None:
    with pytest.raises(DBAPIError) as lost:
        cut_off(postgres_database)
    assert is_transient(lost.value)
    with postgres_database.transaction() as session:
        assert insert_rows(session, SeenEventRow, COLUMNS, [("g", "a", 1)]) == 1, "the pool gives another one"


class Cluster:
    """As much of a cluster as a partitioner asks for."""

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {3, 0, 1, 2, 4}

    available_partitions_for_topic = partitions_for_topic

    def topics(self) -> set[str]:
        return {"t"}


@given(st.binary(max_size=40))
def test_a_key_goes_to_the_partition_that_every_kafka_client_chooses(key: bytes) -> None:
    asked = ("t", None, key, None, None, Cluster())
    assert KeyPartitioner().partition(*asked) == DefaultPartitioner().partition(*asked)


def test_without_a_key_any_partition_will_do() -> None:
    assert KeyPartitioner().partition("t", None, None, None, None, Cluster()) in range(5)
