"""Bad messages on the request topic: each is parked with its code and its reason, leaves no generation, and stops no other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from moderation.bootstrap import Application
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.dead_letters import DeadLetter, list_open
from moderation.bus.jobs import JobRow
from moderation.bus.log import NewRecord
from moderation.bus.topics import topic_specs
from moderation.generation.tables import Generation
from moderation.messages import Envelope, GenerationRequested, Topic
from moderation.store import Database
from moderation.subscriptions import request_subscription
from tests.support.bus import AT_ONCE, until
from tests.support.service import StubApplication, settings_of


class Pipeline:
    """A pipeline that speaks to the topic directly, and the consumer that reads it."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.sent = 0
        self._consumer = ConsumerLoop(
            app.database, app.event_log, request_subscription(), backoff=AT_ONCE, poll_s=0.02
        )

    def send(self, value: bytes, key: str = "gen_1") -> None:
        """Put a record on the topic, as it is."""
        self.sent += 1
        record = NewRecord(str(Topic.REQUESTS), key, f"evt_{self.sent}", value)
        self.app.event_log.publish([record])

    def parked(self, count: int = 1) -> list[DeadLetter]:
        """Consume until so many are parked."""

        def enough() -> bool:
            self._consumer.run_once(0.05)
            return len(self._open()) >= count

        assert until(enough, within_s=10), self._open()
        return self._open()

    def taken_in(self, count: int) -> list[Generation]:
        """Consume until so many generations were taken in."""

        def enough() -> bool:
            self._consumer.run_once(0.05)
            return len(self.generations()) >= count

        assert until(enough, within_s=10)
        return self.generations()

    def generations(self) -> list[Generation]:
        """All of them."""
        with self.app.database.read() as session:
            return list(session.exec(select(Generation).order_by(Generation.id)))

    def jobs(self) -> int:
        """How many jobs were queued."""
        with self.app.database.read() as session:
            return len(session.exec(select(JobRow)).all())

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def _open(self) -> list[DeadLetter]:
        with self.app.database.read() as session:
            return list(list_open(session))


@pytest.fixture
def pipeline(sqlite_database: Database, tmp_path: Any) -> Iterator[Pipeline]:
    """On a fresh database."""
    app = StubApplication(settings_of(sqlite_database, tmp_path, partitions=1))
    app.event_log.ensure_topics(topic_specs(1))
    made = Pipeline(app)
    yield made
    made.close()
    app.close()


def message(name: str = "gen_1", **changes: Any) -> dict[str, Any]:
    """A good request as JSON, with fields of its data replaced."""
    request = GenerationRequested(generation_id=name, account_id="acct_1", prompt="a lighthouse")
    body: dict[str, Any] = json.loads(Envelope.wrap(request, event_id=f"id_{name}", at_ms=1).encode())
    body["data"] |= changes
    return body


def raw(body: object) -> bytes:
    """As it travels."""
    return json.dumps(body).encode()


TYPE = "org.safeconduct.generation.requested"


@pytest.mark.parametrize(
    ("value", "code", "named"),
    [
        (b"", "message.invalid_json", "line 1 column 1"),
        (b"not json", "message.invalid_json", "send one JSON object"),
        (b"\xff\xfe", "message.invalid_utf8", "byte 0"),
        (raw(message())[:-1] + b', "id": "twice"}', "message.duplicate_key", "id: appears twice"),
        (raw([]), "message.invalid_envelope", ""),
        (raw({}), "message.invalid_envelope", "id: Field required"),
        (raw({**message(), "specversion": "0.3"}), "message.invalid_envelope", "specversion"),
        (raw({**message(), "time": "yesterday"}), "message.invalid_envelope", "time"),
        (raw({**message(), "data": "text"}), "message.invalid_envelope", "data"),
        (raw({**message(), "type": f"{TYPE}.v2"}), "message.future_version", "newer than version 1"),
        (raw({**message(), "type": f"{TYPE}.v999"}), "message.future_version", "upgrade this worker, then replay"),
        (raw({**message(), "type": f"{TYPE}.vX"}), "message.unknown_type", "docs/events.md"),
        (raw({**message(), "type": "com.example.order"}), "message.unknown_type", "com.example.order"),
        (raw(message(prompt="")), "message.invalid_data", "prompt"),
        (raw(message(prompt="x" * 100_000)), "message.invalid_data", "prompt"),
        (raw(message(prompt=7)), "message.invalid_data", "prompt"),
        (raw(message(references=["zzz"])), "message.invalid_data", "references.0"),
        (raw(message(likenesses=["@a"] * 17)), "message.invalid_data", "likenesses"),
        (raw(message(parameters={"width": 10_000})), "message.invalid_data", "parameters.width"),
        (raw(message(account_id="")), "message.invalid_data", "account_id"),
    ],
)  # fmt: skip
def test_a_bad_message_is_parked_with_field_value_and_remedy_and_leaves_nothing(
    pipeline: Pipeline, value: bytes, code: str, named: str
) -> None:
    pipeline.send(value)
    [letter] = pipeline.parked()
    assert letter.code == code
    assert named in letter.error
    assert len(letter.error) <= 2000
    assert (pipeline.generations(), pipeline.jobs()) == ([], 0)


def test_bad_messages_stop_no_good_ones_around_them(pipeline: Pipeline) -> None:
    pipeline.send(raw(message("gen_1")))
    pipeline.send(b"\xff")
    pipeline.send(raw({**message("gen_x"), "type": f"{TYPE}.v9"}))
    pipeline.send(raw(message("gen_2")))
    assert [row.id for row in pipeline.taken_in(2)] == ["gen_1", "gen_2"]
    assert len(pipeline.parked(2)) == 2
    assert pipeline.jobs() == 2


def test_unknown_fields_of_a_newer_sender_are_ignored(pipeline: Pipeline) -> None:
    body = message("gen_1", mood="cheerful")
    body["traceparent"] = "00-abc"
    pipeline.send(raw(body))
    [row] = pipeline.taken_in(1)
    assert "cheerful" not in row.request


def test_the_same_request_twice_is_taken_in_once(pipeline: Pipeline) -> None:
    for _ in range(2):
        pipeline.send(raw(message("gen_1")))
    pipeline.send(raw(message("gen_2")))
    assert [row.id for row in pipeline.taken_in(2)] == ["gen_1", "gen_2"]
    assert pipeline.jobs() == 2


def test_another_request_under_a_taken_id_is_parked_and_overwrites_nothing(pipeline: Pipeline) -> None:
    pipeline.send(raw(message("gen_1")))
    other = {**message("gen_1", prompt="something else"), "id": "another event"}
    pipeline.send(raw(other))
    [letter] = pipeline.parked()
    assert letter.code == "generation.id_taken"
    assert "gen_1" in letter.error
    assert "send a fresh id" in letter.error
    [row] = pipeline.generations()
    assert "something else" not in row.request
