"""Dead letters: listed with their reason, counted per topic, closed once by a replay or a dismissal."""

import pytest
from sqlmodel import Session

from moderation.bus import dead_letters, relay
from moderation.bus.dead_letters import DeadLetterUnknown
from moderation.bus.log import Partition, Record
from moderation.bus.topics import topic_specs
from moderation.messages import MessageError, Topic, decode
from moderation.store import Database


def record(topic: str = "consent.changes", event_id: str = "evt_1") -> Record:
    return Record(Partition(topic, 2), 7, "like_1", event_id, b"\x00 not for a listing")


def park(session: Session, topic: str = "consent.changes", event_id: str = "evt_1", at_ms: int = 1000) -> str:
    error = MessageError("message.invalid_data", "revision: must be a number (got 'x')")
    return dead_letters.park(session, record(topic, event_id), error, group="gate", tries=3, now_ms=at_ms)


def test_a_parked_record_is_listed_with_its_reason_and_without_its_content(database: Database) -> None:
    with database.transaction() as session:
        dead_id = park(session)
    with database.read() as session:
        (dead,) = dead_letters.list_open(session)
    assert dead.id == dead_id
    assert (dead.group, dead.topic, dead.key, dead.event_id) == ("gate", "consent.changes", "like_1", "evt_1")
    assert (dead.code, dead.tries, dead.parked_ms) == ("message.invalid_data", 3, 1000)
    assert dead.error == "revision: must be a number (got 'x')"
    assert "not for a listing" not in repr(dead)


def test_open_ones_are_counted_and_listed_by_topic_oldest_first(database: Database) -> None:
    with database.transaction() as session:
        park(session, "policy.changes", "evt_3", at_ms=3)
        park(session, "consent.changes", "evt_2", at_ms=2)
        park(session, "consent.changes", "evt_1", at_ms=1)
    with database.read() as session:
        assert [dead.event_id for dead in dead_letters.list_open(session)] == ["evt_1", "evt_2", "evt_3"]
        assert [dead.event_id for dead in dead_letters.list_open(session, topics=["policy.changes"])] == [
            "evt_3"
        ]
        assert [dead.event_id for dead in dead_letters.list_open(session, limit=1)] == ["evt_1"]
        assert dead_letters.count_open(session) == 3
        assert dead_letters.count_open(session, topics=["consent.changes", "rights.changes"]) == 2
        assert dead_letters.count_open(session, topics=["rights.changes"]) == 0


def test_a_replay_publishes_the_same_bytes_under_the_same_id_and_closes_it(database: Database) -> None:
    with database.transaction() as session:
        dead_id = park(session)
    with database.transaction() as session:
        dead_letters.replay(session, dead_id, now_ms=2000)
    with database.read() as session:
        (row,) = relay.unsent(session, 10)
        assert dead_letters.count_open(session) == 0
    assert (row.topic, row.key, row.event_id) == ("consent.changes", "like_1", "evt_1")
    assert row.value == record().value


def test_a_closed_or_unknown_dead_letter_cannot_be_closed_again(database: Database) -> None:
    with database.transaction() as session:
        replayed, dismissed = park(session), park(session)
    with database.transaction() as session:
        dead_letters.replay(session, replayed, now_ms=1)
        dead_letters.dismiss(session, dismissed, now_ms=1)
    for dead_id in (replayed, dismissed, "dead_none"):
        with database.read() as session:
            with pytest.raises(DeadLetterUnknown, match=f"id: {dead_id} is no open dead letter"):
                dead_letters.replay(session, dead_id, now_ms=2)
            with pytest.raises(DeadLetterUnknown, match="dlq list"):
                dead_letters.dismiss(session, dead_id, now_ms=2)


def test_parking_is_announced_on_the_dead_letter_topic_without_the_content(database: Database) -> None:
    error = MessageError("message.invalid_data", "revision: must be a number")
    with database.transaction() as session:
        dead_letters.announce(session, "dead_1", record(), error, tries=3, now_ms=1000)
    with database.read() as session:
        (row,) = relay.unsent(session, 10)
    assert (row.topic, row.event_id) == ("consent.changes.dlq", "dead_1")
    assert decode(row.value).data == {
        "dead_letter_id": "dead_1", "topic": "consent.changes", "partition": 2, "offset": 7, "key": "like_1",
        "event_id": "evt_1", "code": "message.invalid_data", "tries": 3,
    }  # fmt: skip


def test_every_topic_has_a_dead_letter_topic_and_changes_are_compacted() -> None:
    specs = {spec.name: spec for spec in topic_specs(6)}
    assert set(specs) == {str(topic) for topic in Topic} | {f"{topic}.dlq" for topic in Topic}
    assert {name for name, spec in specs.items() if spec.compacted} == {
        "consent.changes", "rights.changes", "policy.changes",
    }  # fmt: skip
    assert specs["generation.requests"].partitions == 6
    assert specs["generation.requests.dlq"].partitions == 1
