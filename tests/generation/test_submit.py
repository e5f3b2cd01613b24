"""Taking requests in: once each, whichever way they come, and never over another's id."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from moderation.bus.jobs import JobRow
from moderation.generation.rows import GenerationUnknown, get_generation, lock_generation, request_of
from moderation.generation.submit import GenerationIdTaken, receive
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested, Parameters
from moderation.store import Database, now_ms
from tests.support.service import ask


def take(database: Database, request: GenerationRequested) -> bool:
    """In a transaction of its own."""
    with database.transaction() as session:
        return receive(session, request, now_ms=now_ms(session))


def test_a_request_is_recorded_with_one_job(database: Database) -> None:
    request = ask("a lighthouse")
    assert take(database, request)
    with database.read() as session:
        row = get_generation(session, request.generation_id)
        assert (row.state, row.account_id, row.requests_last_minute) == ("requested", request.account_id, 1)
        assert request_of(row) == request
        assert session.exec(select(JobRow.kind)).all() == ["gate.request"]


def test_the_same_request_again_is_the_same_generation(database: Database) -> None:
    request = ask()
    assert [take(database, request) for _ in range(3)] == [True, False, False]
    with database.read() as session:
        assert session.exec(select(func.count()).select_from(JobRow)).one() == 1
        assert get_generation(session, request.generation_id).requests_last_minute == 1


@pytest.mark.parametrize(
    "change",
    [{"prompt": "something else"}, {"account_id": "acct_other"}, {"parameters": Parameters(seed=7)}],
)
def test_another_request_under_a_taken_id_is_refused_and_changes_nothing(
    database: Database, change: dict[str, object]
) -> None:
    request = ask()
    take(database, request)
    with pytest.raises(GenerationIdTaken) as caught:
        take(database, request.model_copy(update=change))
    assert caught.value.code == "generation.id_taken"
    with database.read() as session:
        assert request_of(get_generation(session, request.generation_id)) == request


def test_a_generation_nobody_asked_for_is_unknown(database: Database) -> None:
    for look in (get_generation, lock_generation):
        with database.read() as session, pytest.raises(GenerationUnknown) as caught:
            look(session, "gen_nobody")
        assert caught.value.code == "generation.unknown"


def test_requests_of_one_account_within_a_minute_are_counted(database: Database) -> None:
    requests = [ask(f"take {number}") for number in range(3)]
    for request in requests:
        take(database, request)
    with database.read() as session:
        rates = [get_generation(session, one.generation_id).requests_last_minute for one in requests]
    assert rates == [1, 2, 3]


@settings(max_examples=50, deadline=None)
@given(
    prompt=st.text(min_size=1, max_size=200).filter(lambda text: "\x00" not in text),
    seed=st.integers(0, 2**63 - 1),
    likenesses=st.lists(st.text("abc@_", min_size=1, max_size=8), max_size=4),
)
def test_what_was_asked_is_what_is_read_back(prompt: str, seed: int, likenesses: list[str]) -> None:
    asked = GenerationRequested(
        generation_id="gen_1", account_id="acct_1", prompt=prompt, likenesses=tuple(likenesses),
        parameters=Parameters(seed=seed),
    )  # fmt: skip
    row = Generation(
        id="gen_1", account_id="acct_1", request=asked.model_dump_json(), created_ms=1, updated_ms=1
    )
    assert request_of(row) == asked
