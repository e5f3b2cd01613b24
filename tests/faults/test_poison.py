"""A message that cannot be processed: parked, its generation held, the partition moves on; one command brings it back."""

from collections.abc import Iterator

import pytest
from sqlmodel import func, select

from moderation.bus.dead_letters import DeadLetter, list_open, replay
from moderation.bus.log import NewRecord
from moderation.bus.outbox import enqueue, enqueue_raw
from moderation.generation.parked import PARKED
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.submit import receive
from moderation.ids import new_id
from moderation.messages import Envelope, GenerationRequested, OutputProduced, Topic
from moderation.release.tables import Release
from moderation.store import Database, now_ms
from tests.faults.deployment import Deployment
from tests.faults.effects import assert_released_once
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import StubApplication, ask, paint, send_all

pytestmark = pytest.mark.integration
FUTURE = 2


@pytest.fixture
def partitions() -> int:
    """One, so that everything stands behind the poison."""
    return 1


@pytest.fixture
def line(deployment: Deployment) -> Iterator[Conveyor]:
    """All workers but the generator, whose part the test plays."""
    with conveyor(deployment.app, "generator") as made:
        yield made


def output_of(app: StubApplication, generation_id: str) -> OutputProduced:
    """The painter's output, stored."""
    staged = app.assets.stage(paint(app.settings.home / "painted.mp4"))
    app.assets.promote(staged.sha256)
    return OutputProduced(
        generation_id=generation_id, asset_sha256=staged.sha256, generator="painter", generator_version="1",
        produced_in_s=1.0,
    )  # fmt: skip


def send_from_the_future(database: Database, message: OutputProduced) -> None:
    """As a newer generator worker writes it: a version that this one cannot read."""
    envelope = Envelope.wrap(message, event_id=new_id("evt"), at_ms=1).model_copy(
        update={"type": f"org.safeconduct.{message.kind}.v{FUTURE}"}
    )
    record = NewRecord(str(message.topic), message.key, envelope.id, envelope.encode())
    with database.transaction() as session:
        enqueue_raw(session, record, at_ms=now_ms(session))


def letters(database: Database) -> tuple[DeadLetter, ...]:
    """What is parked."""
    with database.read() as session:
        return list_open(session)


def replay_all(database: Database) -> None:
    """As `safeconduct dlq replay all`."""
    with database.transaction() as session:
        for letter in list_open(session):
            replay(session, letter.id, now_ms=now_ms(session))


def test_poison_message_is_parked_and_the_partition_moves_on_and_its_generation_resumes_on_replay(
    deployment: Deployment, line: Conveyor, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, database = deployment.app, deployment.database
    poisoned, healthy = send_all(database, [ask("a lighthouse"), ask("a harbour")])
    line.settle([poisoned, healthy], State.APPROVED)
    send_from_the_future(database, output_of(app, poisoned))
    with database.transaction() as session:
        enqueue(session, output_of(app, healthy), event_id=new_id("evt"), at_ms=now_ms(session))

    line.settle([healthy], State.RELEASED)
    assert line.states()[poisoned] == State.HELD.value
    (letter,) = letters(database)
    assert (letter.code, letter.key, letter.topic) == (
        "message.future_version",
        poisoned,
        str(Topic.OUTPUTS),
    )
    with database.read() as session:
        held = get_generation(session, poisoned)
        assert (held.held_stage, held.ended_because) == (PARKED, "message.parked")

    monkeypatch.setattr(OutputProduced, "version", FUTURE)  # the worker is upgraded
    replay_all(database)
    line.settle([poisoned], State.RELEASED)
    with database.read() as session:
        resumed = get_generation(session, poisoned)
        assert (resumed.held_stage, resumed.ended_because) == ("", "")
    assert letters(database) == ()


def test_a_replayed_message_takes_effect_once_however_often_it_is_replayed_and_repeated(
    deployment: Deployment, line: Conveyor, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, database = deployment.app, deployment.database
    (generation_id,) = send_all(database, [ask()])
    line.settle([generation_id], State.APPROVED)
    send_from_the_future(database, output_of(app, generation_id))
    line.settle([generation_id], State.HELD)
    monkeypatch.setattr(OutputProduced, "version", FUTURE)
    replay_all(database)
    line.settle([generation_id], State.RELEASED)
    with database.transaction() as session:  # the generator ran twice and says so under another event id
        enqueue(session, output_of(app, generation_id), event_id=new_id("evt"), at_ms=now_ms(session))
    line.settle([generation_id], State.RELEASED)
    with database.read() as session:
        assert get_generation(session, generation_id).state == State.RELEASED.value
        assert session.exec(select(func.count()).select_from(Release)).one() == 1


def test_a_parked_request_with_a_taken_id_does_not_hold_the_generation_it_collides_with(
    deployment: Deployment, line: Conveyor
) -> None:
    database = deployment.database
    (first,) = send_all(database, [ask("a lighthouse")])
    line.settle([first], State.APPROVED)
    send_all(database, [ask("something else", name=first)])
    line.until(lambda: bool(letters(database)))
    assert [(letter.code, letter.key) for letter in letters(database)] == [("generation.id_taken", first)]
    assert line.states()[first] == State.APPROVED.value


def test_the_same_request_sent_twice_is_judged_once(deployment: Deployment) -> None:
    database = deployment.database
    request: GenerationRequested = ask()
    send_all(database, [request, request])
    with conveyor(deployment.app) as whole:
        whole.until(lambda: request.generation_id in whole.states())
        with database.transaction() as session:  # and a third time by HTTP
            assert not receive(session, request, now_ms=now_ms(session))
        whole.settle([request.generation_id], State.RELEASED)
    assert_released_once(database, deployment.app.assets, [request.generation_id], asked=2)
    assert letters(database) == ()
    with database.read() as session:
        assert get_generation(session, request.generation_id).requests_last_minute == 1
