"""Taking a batch of requests in writes the rows that taking them in one after the other writes, and a handful of statements."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from moderation.generation import submit
from moderation.generation.submit import GenerationIdTaken, Overtaken, receive, receive_many
from moderation.messages import GenerationRequested
from moderation.store import Database
from tests.support.statements import counted, emptied

AT = 1_700_000_040_000


def asked(number: int, account: int, prompt: str = "a lighthouse") -> GenerationRequested:
    """A request whose id and account are told by numbers."""
    return GenerationRequested(generation_id=f"gen_{number}", account_id=f"acct_{account}", prompt=prompt)


def one_after_the_other(session: Session, requests: Sequence[GenerationRequested]) -> None:
    for request in requests:
        receive(session, request, now_ms=AT)


def at_once(session: Session, requests: Sequence[GenerationRequested]) -> None:
    receive_many(session, requests, now_ms=AT)


def rows_of(database: Database) -> list[list[tuple[Any, ...]]]:
    """What is written, without the random ids of jobs."""
    queries = (
        "SELECT * FROM generation ORDER BY id",
        "SELECT kind, subject_id, dedupe_key, state, attempts, max_attempts, run_after_ms, serial, token, holder, created_ms "
        "FROM job ORDER BY sequence",
        "SELECT * FROM request_rate ORDER BY account_id, minute",
    )
    with database.read() as session:
        return [[tuple(row) for row in session.execute(text(query))] for query in queries]


def written(
    database: Database,
    take: Callable[[Session, Sequence[GenerationRequested]], None],
    batches: Sequence[Sequence[GenerationRequested]],
) -> list[list[tuple[Any, ...]]]:
    """The rows after the batches, each in a transaction of its own, on an empty database."""
    emptied(database, "job", "generation", "request_rate")
    for batch in batches:
        with database.transaction() as session:
            take(session, batch)
    return rows_of(database)


REQUESTS = st.builds(asked, st.integers(0, 7), st.just(1)) | st.builds(
    asked, st.integers(10, 30), st.integers(2, 4)
)


def same_account(batches: list[list[GenerationRequested]]) -> list[list[GenerationRequested]]:
    """An id always names the same request."""
    first: dict[str, GenerationRequested] = {}
    return [[first.setdefault(one.generation_id, one) for one in batch] for batch in batches]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(REQUESTS, min_size=1, max_size=8), min_size=1, max_size=3).map(same_account))
def test_a_batch_writes_what_its_requests_write_one_by_one(
    sqlite_database: Database, batches: list[list[GenerationRequested]]
) -> None:
    singly = written(sqlite_database, one_after_the_other, batches)
    assert written(sqlite_database, at_once, batches) == singly


def test_a_batch_writes_the_same_on_either_database(database: Database) -> None:
    batches = same_account([[asked(n % 5, n % 3) for n in range(12)], [asked(n, n % 2) for n in range(8)]])
    assert written(database, at_once, batches) == written(database, one_after_the_other, batches)


def test_another_request_under_a_taken_id_spoils_the_batch_whole(database: Database) -> None:
    with pytest.raises(GenerationIdTaken), database.transaction() as session:
        at_once(session, [asked(1, 1), asked(2, 1), asked(1, 1, "something else")])
    assert rows_of(database) == [[], [], []]


def test_an_id_taken_by_another_at_the_same_moment_spoils_the_batch_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        at_once(session, [asked(1, 1)])
    before = rows_of(database)
    monkeypatch.setattr(
        submit, "_apart", lambda _session, requests: (list(requests), [])
    )  # looked before it was there
    with pytest.raises(Overtaken), database.transaction() as session:
        at_once(session, [asked(1, 1), asked(2, 1)])
    assert rows_of(database) == before


def test_the_number_of_statements_does_not_grow_with_the_batch(database: Database) -> None:
    sizes = []
    for first, size in ((100, 2), (200, 40)):
        with database.transaction() as session, counted(database) as statements:
            at_once(session, [asked(first + n, 1) for n in range(size)])
        sizes.append(len(statements))
    assert sizes[1] <= sizes[0] <= 8
