"""A service that runs for years keeps what it must prove and forgets the rest: which tables grow is a closed list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from moderation.generation.state import State
from moderation.store import Database
from moderation.workers import tidy
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import Person, StubApplication, app_on, ask, send_all

GROWING = {
    "generation": "what was asked for",
    "decision": "what was decided, and why",
    "audit_entry": "what was done, by whom",
}
"""Tables that grow by every request for as long as the service lives, and what each is kept for."""
BY_THE_CLOCK = {"policy_rule_tally", "request_rate", "quota_day"}
"""Tables with a row for each minute or day, however many requests come in it: a run that crosses one adds to them. Tallies are
forgotten by age; an account keeps two minutes of its rate, and a row a day of its quota."""
AN_INSTANT = 1e-9
NOBODY = Person(99, "lik_nobody", "person_99", "acct_nobody")


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """An embedded service that keeps events for no time at all."""
    yield from app_on(sqlite_database, tmp_path / "home", event_retention_days=AN_INSTANT)


def sizes(database: Database) -> dict[str, int]:
    """Rows by table."""
    with database.read() as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
        }


def traffic(app: StubApplication, line: Conveyor) -> None:
    """Three requests that are refused, each with all its events, and the tidying after them."""
    names = send_all(app.database, [ask(f"a wave, {number}", NOBODY) for number in range(3)])
    line.settle(names, State.REFUSED)
    for _ in range(2):
        tidy(app)


def test_only_what_must_be_proven_grows_with_traffic(app: StubApplication) -> None:
    with conveyor(app, "release") as line:
        traffic(app, line)
        before = sizes(app.database)
        for _ in range(3):
            traffic(app, line)
        after = sizes(app.database)
    assert {name for name in after if after[name] > before[name]} <= set(GROWING) | BY_THE_CLOCK
    assert after["generation"] == before["generation"] + 9


def test_tidying_takes_nothing_that_is_still_on_its_way(app: StubApplication) -> None:
    names = send_all(app.database, [ask("a lighthouse")])
    with conveyor(app, "release") as line:
        while any(line.states().get(name) != State.GENERATED.value for name in names):
            line.round()
            tidy(app)
