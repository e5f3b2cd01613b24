"""Dismissing a message that a generation waits for leaves nothing stuck: a moderator decides what becomes of it."""

from pathlib import Path

import pytest
from sqlmodel import select

from moderation.bus.dead_letters import RELAY_GROUP, park
from moderation.bus.jobs import JobRow
from moderation.bus.log import Partition, Record
from moderation.generation.generate import GENERATE
from moderation.generation.parked import PARKED
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.messages import Topic
from moderation.review.case_state import Outcome
from moderation.store import Database, now_ms
from moderation.subscriptions import hold_parked, on_approved
from moderation.transparency.audit import AuditEntry
from tests.invariants.test_no_ungated_release import approved, brief_for
from tests.support.commands import Shell, shell_at
from tests.support.moderators import decide, only_case, state_of
from tests.support.service import StubApplication, app_on


@pytest.fixture
def world(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Shell, StubApplication]:
    """A command line and the parts of a service on one database."""
    made = next(app_on(sqlite_database, tmp_path / "service"))
    (tmp_path / "home").mkdir()
    return shell_at(sqlite_database, tmp_path / "home", monkeypatch), made


def parked(
    app: StubApplication, name: str, topic: Topic, group: str = "generator", *, hold: bool = True
) -> str:
    """A message about the generation is parked; the dead letter's id."""
    record = Record(Partition(topic.value, 0), 3, name, f"evt_{name}", b"{}")
    with app.database.transaction() as session:
        letter = park(session, record, ValueError("no"), group=group, tries=5, now_ms=now_ms(session))
        if hold:
            hold_parked(session, record, ValueError("no"))
    return letter


@pytest.mark.parametrize("topic", [Topic.APPROVED, Topic.OUTPUTS])
def test_the_list_names_the_generation_and_dismissing_opens_its_case(
    world: tuple[Shell, StubApplication], topic: Topic
) -> None:
    shell, app = world
    name = approved(app)
    letter = parked(app, name, topic)
    assert shell("dlq", "list", "--json").lines[0]["holds"] == name
    answer = shell("dlq", "dismiss", letter, "--json").json
    assert answer["cases"] == [only_case(app, name)]
    assert state_of(app, name) == ("held", "")
    with app.database.read() as session:
        row = session.exec(select(AuditEntry).where(AuditEntry.subject == letter)).one()
    assert only_case(app, name) in row.detail


def test_a_persons_allow_sends_the_brief_anew_and_it_is_generated_though_it_was_once(
    world: tuple[Shell, StubApplication],
) -> None:
    shell, app = world
    name = approved(app)
    brief = brief_for(app, name)
    deliver(app, brief)
    letter = parked(app, name, Topic.OUTPUTS, "output-gate")
    assert "a moderator decides" in shell("dlq", "dismiss", letter).out
    decide(app, only_case(app, name))
    assert state_of(app, name)[0] == State.APPROVED.value
    with app.database.read() as session:
        decision_id = str(get_generation(session, name).request_decision_id)
    deliver(app, brief.model_copy(update={"decision_id": decision_id}))
    with app.database.read() as session:
        ready = [
            row for row in session.exec(select(JobRow).where(JobRow.kind == GENERATE)) if row.state == "ready"
        ]
    assert len(ready) == 1


def deliver(app: StubApplication, brief: object) -> None:
    """The generator reads the brief."""
    with app.database.transaction() as session:
        on_approved(session, brief, None)  # type: ignore[arg-type]  # the record is not looked at


def test_a_persons_block_ends_it(world: tuple[Shell, StubApplication]) -> None:
    shell, app = world
    name = approved(app)
    shell("dlq", "dismiss", parked(app, name, Topic.APPROVED))
    decide(app, only_case(app, name), Outcome.BLOCK)
    assert state_of(app, name) == ("refused", "moderator")


def test_a_brief_that_the_log_refused_does_not_leave_its_generation_waiting(
    world: tuple[Shell, StubApplication],
) -> None:
    shell, app = world
    name = approved(app)
    letter = parked(app, name, Topic.APPROVED, RELAY_GROUP, hold=False)
    assert shell("dlq", "list", "--json").lines[0]["holds"] == name
    assert len(shell("dlq", "dismiss", letter, "--json").json["cases"]) == 1
    assert state_of(app, name)[0] == "held"


def test_what_nothing_waits_for_is_just_closed(world: tuple[Shell, StubApplication]) -> None:
    shell, app = world
    name = approved(app)
    for letter in (
        parked(app, name, Topic.APPROVED, hold=False),
        parked(app, name, Topic.REQUESTS, hold=False),
        parked(app, "gen_nowhere", Topic.OUTPUTS, hold=False),
    ):
        assert shell("dlq", "dismiss", letter, "--json").json["cases"] == []
    assert state_of(app, name) == ("approved", "")


def test_one_held_for_another_reason_is_left_to_who_holds_it(world: tuple[Shell, StubApplication]) -> None:
    shell, app = world
    name = approved(app)
    first, second = parked(app, name, Topic.OUTPUTS), parked(app, name, Topic.OUTPUTS)
    assert PARKED == "parked"
    assert len(shell("dlq", "dismiss", first, "--json").json["cases"]) == 1
    assert shell("dlq", "dismiss", second, "--json").json["cases"] == []
