"""An owner's new rule between the output's decision and its release: back to the output gate, once."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from consent.likeness.restrictions import add_restriction
from moderation.bus.jobs import JobRow
from moderation.gate.decisions import decisions_of
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.ids import new_id
from moderation.store import now_ms
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import Person, StubApplication, ask, enrol_person, send_all

pytestmark = pytest.mark.integration


@pytest.fixture
def until_release(app: StubApplication) -> Iterator[Conveyor]:
    """All workers but the one that releases."""
    with conveyor(app, "release") as line:
        yield line


def cleared(app: StubApplication, line: Conveyor, person: Person) -> str:
    """A generation that waits for its release with an allow of the output gate."""
    (generation_id,) = send_all(app.database, [ask("@person_1 rides a horse", person)])
    line.until(lambda: releases_queued(app) == 1)
    return generation_id


def releases_queued(app: StubApplication) -> int:
    """Release jobs so far."""
    with app.database.read() as session:
        return len(session.exec(select(JobRow).where(JobRow.kind == "release")).all())


def restrict(app: StubApplication, person: Person, words: str) -> None:
    """The owner adds a rule."""
    with app.database.transaction() as session:
        add_restriction(
            session, restriction_id=new_id("res"), likeness_id=person.likeness_id, words=words,
            actor=person.owner, now_ms=now_ms(session),
        )  # fmt: skip


def output_decisions(app: StubApplication, generation_id: str) -> list[str]:
    """Verdicts of the output gate, oldest first."""
    with app.database.read() as session:
        return [one.verdict for one in decisions_of(session, generation_id) if one.stage == "output"]


def test_a_rule_the_clip_keeps_to_costs_one_more_judgement_and_then_it_is_released(
    app: StubApplication, until_release: Conveyor
) -> None:
    person = enrol_person(app, 1)
    generation_id = cleared(app, until_release, person)
    restrict(app, person, "no violence")
    with conveyor(app) as line:
        line.settle([generation_id], State.RELEASED)
    assert output_decisions(app, generation_id) == ["allow", "allow"]
    assert releases_queued(app) == 2


def test_a_rule_nobody_understands_holds_the_clip_for_a_person(
    app: StubApplication, until_release: Conveyor
) -> None:
    person = enrol_person(app, 1)
    generation_id = cleared(app, until_release, person)
    restrict(app, person, "only when the moon is in the seventh house")
    with conveyor(app) as line:
        line.settle([generation_id], State.HELD)
    assert output_decisions(app, generation_id) == ["allow", "review"]
    with app.database.read() as session:
        assert get_generation(session, generation_id).release_id is None
