"""Decisions: the same judgement has the same bytes wherever and whenever it is made, and a recorded one never changes."""

import hashlib
import json
import re
from typing import Any

import pytest
import rfc8785
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from moderation.bus.outbox import OutboxRow
from moderation.gate.check import Check, CouldNotJudge
from moderation.gate.checks.account import AccountCheck, quota_exhausted_report
from moderation.gate.checks.likenesses import LikenessCheck
from moderation.gate.checks.text import PromptMinorsCheck, PromptTextCheck
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.decisions import (
    Decision,
    DecisionIsImmutable,
    body_of,
    decisions_of,
    explained,
    record_human,
    record_judgement,
    unjudged_causes,
)
from moderation.gate.gate import Judgement
from moderation.gate.subjects import LikenessUse, RequestSubject
from moderation.messages import DecisionMade, decode
from moderation.store import Database
from policies.lifecycle.replay import Recorded, replay
from policies.text.absolute import REVISION as ABSOLUTE_REVISION
from tests.support.policies import SHIPPED
from tests.support.senses import broken, text_model
from tests.support.subjects import gate, request

BLOODY = request(
    "a floor of blood", likenesses=(LikenessUse("@bo", "likeness.not_granted"),), registry_version=7
)


def judged(subject: Any = BLOODY) -> Judgement:
    """A judgement by a gate made for it alone, as on another replica."""
    _, slot = text_model()
    checks: list[Check[RequestSubject]] = [
        AccountCheck(),
        PromptMinorsCheck(),
        PromptTextCheck(slot, "w1"),
        LikenessCheck(),
        UncoveredCheck("gore"),
    ]
    return gate(requests=checks).judge_request(subject)


def record(database: Database, judgement: Judgement, *, now_ms: int = 5, of: str = "gen_1") -> Decision:
    """Committed."""
    with database.transaction() as session:
        return record_judgement(session, of, judgement, now_ms=now_ms)


def body(decision: Decision) -> dict[str, Any]:
    """The body as JSON."""
    parsed: dict[str, Any] = json.loads(decision.body)
    return parsed


def test_the_same_judgement_has_the_same_bytes_on_every_replica() -> None:
    assert body_of(judged()) == body_of(judged())


def test_the_body_is_canonical_json() -> None:
    raw = body_of(judged())
    assert rfc8785.dumps(json.loads(raw)) == raw


def test_the_body_names_every_revision_and_holds_no_id_time_or_duration(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged(), now_ms=1_700_000_123_456)
    document = body(decision)
    assert document["revisions"] == {
        "policy": SHIPPED.revision,
        "registry": 7,
        "checks": {
            "request.account": "1",
            "gore": "none",
            "prompt.minors": ABSOLUTE_REVISION,
            "prompt.text": "w1",
            "request.likenesses": "1",
        },
    }
    assert not re.search(r"gen_1|dec_|_ms|seconds|1700000123456", decision.body)


def test_the_same_judgement_at_another_time_on_another_generation_has_the_same_hash(
    sqlite_database: Database,
) -> None:
    one = record(sqlite_database, judged(), now_ms=5)
    two = record(sqlite_database, judged(), now_ms=6_000, of="gen_2")
    assert one.id != two.id
    assert (one.body, one.body_sha256) == (two.body, two.body_sha256)
    assert one.body_sha256 == hashlib.sha256(one.body.encode()).hexdigest()


@pytest.mark.parametrize(
    "other", [request("a sea of blood", likenesses=BLOODY.likenesses, registry_version=7), request("blood")]
)
def test_other_evidence_has_another_hash(other: Any) -> None:
    assert body_of(judged(other)) != body_of(judged())


def test_the_recorded_findings_give_the_recorded_ruling_byte_for_byte(sqlite_database: Database) -> None:
    document = body(record(sqlite_database, judged()))
    replayed = replay(SHIPPED, Recorded(document["reports"], document["context"], document["ruling"]))
    assert replayed.identical
    assert replayed.ruling.verdict.value == document["verdict"] == "block"


def test_the_columns_say_what_the_body_says(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged())
    assert (decision.stage, decision.verdict, decision.category, decision.actor) == (
        "request",
        "block",
        "violence",
        "machine",
    )
    assert (decision.policy_revision, decision.registry_version) == (SHIPPED.revision, 7)
    assert body(decision)["categories"] == ["violence", "private_person"]


def test_a_verdict_without_content_names_no_category(sqlite_database: Database) -> None:
    here = gate(requests=[AccountCheck()])
    changed = here.with_report(here.judge_request(request()), quota_exhausted_report())
    assert record(sqlite_database, changed).category == ""


def test_a_decision_is_announced_in_its_own_transaction(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged())
    with sqlite_database.read() as session:
        [row] = session.exec(select(OutboxRow)).all()
    message = decode(row.value).open()
    assert isinstance(message, DecisionMade)
    assert (message.decision_id, message.verdict, message.body_sha256) == (
        decision.id,
        "block",
        decision.body_sha256,
    )
    assert message.categories == ("violence", "private_person")


def test_a_transaction_that_fails_leaves_neither_decision_nor_announcement(sqlite_database: Database) -> None:
    def fail(session: Session) -> None:
        record_judgement(session, "gen_1", judged(), now_ms=1)
        raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError), sqlite_database.transaction() as session:
        fail(session)
    with sqlite_database.read() as session:
        assert session.exec(select(Decision)).all() == []
        assert session.exec(select(OutboxRow)).all() == []


def test_a_recorded_decision_cannot_be_changed(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged())

    def overturn(session: Session) -> None:
        session.get_one(Decision, decision.id).verdict = "allow"
        session.flush()

    with (
        pytest.raises(DecisionIsImmutable, match=r"record a new decision") as caught,
        sqlite_database.transaction() as session,
    ):
        overturn(session)
    assert (caught.value.code, caught.value.value) == ("decision.immutable", decision.id)
    with sqlite_database.read() as session:
        assert session.get_one(Decision, decision.id).verdict == "block"


def test_a_recorded_decision_cannot_be_deleted(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged())

    def delete(session: Session) -> None:
        session.delete(session.get_one(Decision, decision.id))
        session.flush()

    with pytest.raises(DecisionIsImmutable), sqlite_database.transaction() as session:
        delete(session)


def test_an_id_is_given_once(sqlite_database: Database) -> None:
    decision = record(sqlite_database, judged())

    def again(session: Session) -> None:
        session.add(Decision(**decision.model_dump()))
        session.flush()

    with pytest.raises(IntegrityError), sqlite_database.transaction() as session:
        again(session)


def test_a_persons_decision_names_the_machines_by_hash_and_keeps_its_revisions(
    sqlite_database: Database,
) -> None:
    machine = record(sqlite_database, judged(), now_ms=5)
    with sqlite_database.transaction() as session:
        human = record_human(
            session, "gen_1", stage="request", verdict="allow", moderator="acct_mod", case_id="case_1",
            reason="A painting.", machine=machine, now_ms=9,
        )  # fmt: skip
    assert body(human) == {
        "schema": 1,
        "stage": "request",
        "verdict": "allow",
        "reason": "A painting.",
        "decided_on": machine.body_sha256,
        "revisions": {"policy": SHIPPED.revision, "registry": 7},
    }
    assert (human.actor, human.case_id, human.category) == ("acct_mod", "case_1", "violence")
    with sqlite_database.read() as session:
        assert [one.id for one in decisions_of(session, "gen_1")] == [machine.id, human.id]


def test_decisions_come_oldest_first_and_only_of_the_generation_asked_for(sqlite_database: Database) -> None:
    late = record(sqlite_database, judged(), now_ms=9)
    early = record(sqlite_database, judged(), now_ms=3)
    record(sqlite_database, judged(), of="gen_2")
    with sqlite_database.read() as session:
        assert [one.id for one in decisions_of(session, "gen_1")] == [early.id, late.id]


def test_an_explained_decision_has_id_and_verdict_on_top_and_everything_it_rests_on(
    sqlite_database: Database,
) -> None:
    decision = record(sqlite_database, judged())
    shown = explained(decision)
    assert list(shown)[:2] == ["id", "verdict"]
    assert (shown["id"], shown["verdict"]) == (decision.id, "block")
    assert {
        "reports",
        "ruling",
        "context",
        "reasons",
        "revisions",
        "categories",
        "body_sha256",
    } <= shown.keys()
    json.dumps(shown)


def test_what_could_not_be_judged_is_listed_with_its_cause() -> None:
    checks: list[Check[RequestSubject]] = [
        PromptTextCheck(broken(CouldNotJudge("model.missing")), "r"),
        LikenessCheck(),
    ]
    assert unjudged_causes(gate(requests=checks).judge_request(request())) == {"prompt.text": "model.missing"}
    assert unjudged_causes(judged()) == {}
