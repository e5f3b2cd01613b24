"""Which policy rules: the same on every replica within half a second, and none at all when that cannot be known."""

import json
import threading

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from moderation.bus.outbox import OutboxRow
from moderation.gate.checks.text import PromptTextCheck
from moderation.gate.gate import Gate
from moderation.gate.runner import CheckRunner
from moderation.messages import PolicyChanged, decode
from moderation.parts.ground import ensure_policy
from moderation.policy.active import CHECK_EVERY_S, ActivePolicy
from moderation.policy.lifecycle import activate
from moderation.policy.store import PolicyMissing, active_revision, stored_document
from moderation.policy.tables import PolicyRow, PolicyState
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from policies.document import PolicyDocument, shipped_text
from policies.loading.problems import PolicyInvalid
from policies.taxonomy import Verdict
from tests.cli.test_policies import softened
from tests.support.policies import SHIPPED
from tests.support.senses import text_model
from tests.support.subjects import request

LENIENT = softened(shipped_text())


def make_active(database: Database, text: str, name: str = "p", at: int = 1) -> PolicyDocument:
    """Activate and commit."""
    with database.transaction() as session:
        return activate(session, text, name=name, actor="acct_admin", now_ms=at)


class Clock:
    """Seconds that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_start_activates_the_shipped_policy_once(sqlite_database: Database) -> None:
    for _ in range(2):
        with sqlite_database.transaction() as session:
            ensure_policy(session)
    with sqlite_database.read() as session:
        assert active_revision(session) == SHIPPED.revision
        assert len(session.exec(select(PolicyRow)).all()) == 1
        acts = [row.act for row in session.exec(select(AuditEntry))]
    assert acts == ["policy.added", "policy.activated"]


def test_a_start_never_replaces_the_policy_that_people_chose(sqlite_database: Database) -> None:
    chosen = make_active(sqlite_database, LENIENT)
    with sqlite_database.transaction() as session:
        ensure_policy(session)
        assert active_revision(session) == chosen.revision


def test_an_activation_is_stored_announced_and_audited_in_one_transaction(sqlite_database: Database) -> None:
    make_active(sqlite_database, shipped_text())
    document = make_active(sqlite_database, LENIENT, at=7)
    with sqlite_database.read() as session:
        assert stored_document(session, document.revision) == document
        messages = [decode(row.value).open() for row in session.exec(select(OutboxRow))]
        activated = select(AuditEntry.detail).where(AuditEntry.act == "policy.activated")
        befores = [json.loads(detail)["before"] for detail in session.exec(activated)]
        assert session.get_one(PolicyState, document.revision).changed_ms == 7
    assert [m.revision for m in messages if isinstance(m, PolicyChanged)] == [
        SHIPPED.revision,
        document.revision,
    ]
    assert befores == ["", SHIPPED.revision]


def test_activating_what_rules_already_changes_and_announces_nothing(sqlite_database: Database) -> None:
    for at in (1, 2, 3):
        make_active(sqlite_database, shipped_text(), at=at)
    with sqlite_database.read() as session:
        assert len(session.exec(select(OutboxRow)).all()) == 1
        assert session.get_one(PolicyState, SHIPPED.revision).changed_ms == 1


def test_a_document_can_be_activated_again_after_another(sqlite_database: Database) -> None:
    for text in (shipped_text(), LENIENT, shipped_text()):
        document = make_active(sqlite_database, text)
    with sqlite_database.read() as session:
        assert active_revision(session) == document.revision == SHIPPED.revision
        assert len(session.exec(select(PolicyRow)).all()) == 2


def test_an_invalid_document_leaves_nothing(sqlite_database: Database) -> None:
    make_active(sqlite_database, shipped_text())
    with pytest.raises(PolicyInvalid):
        make_active(sqlite_database, shipped_text() + "\nmore: 1\n")
    with sqlite_database.read() as session:
        assert active_revision(session) == SHIPPED.revision
        assert len(session.exec(select(PolicyRow)).all()) == 1


def test_a_failed_transaction_activates_nothing(sqlite_database: Database) -> None:
    make_active(sqlite_database, shipped_text())

    def fail(session: Session) -> None:
        activate(session, LENIENT, name="p", actor="acct_admin", now_ms=2)
        raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError), sqlite_database.transaction() as session:
        fail(session)
    assert ActivePolicy(sqlite_database)().revision == SHIPPED.revision


def test_another_replica_rules_by_the_new_document_within_the_interval(sqlite_database: Database) -> None:
    clock = Clock()
    make_active(sqlite_database, shipped_text())
    replica = ActivePolicy(sqlite_database, clock)
    assert replica().revision == SHIPPED.revision
    other = make_active(sqlite_database, LENIENT)
    clock.now += CHECK_EVERY_S
    assert replica().revision == other.revision
    assert CHECK_EVERY_S <= 1.0


def test_between_comparisons_the_database_is_left_alone_and_an_unchanged_document_is_kept(
    sqlite_database: Database,
) -> None:
    clock = Clock()
    make_active(sqlite_database, shipped_text())
    replica = ActivePolicy(sqlite_database, clock)
    first = replica()
    sqlite_database.engine.dispose()
    clock.now += CHECK_EVERY_S / 2
    assert replica() is first
    clock.now += CHECK_EVERY_S
    assert replica() is first


def test_without_an_active_policy_nothing_is_judged(sqlite_database: Database) -> None:
    with pytest.raises(PolicyMissing, match="safeconduct policy activate") as caught:
        ActivePolicy(sqlite_database)()
    assert caught.value.code == "policy.missing"
    _, slot = text_model()
    gate = Gate(
        request_checks=[PromptTextCheck(slot, "r")], output_checks=[], policy=ActivePolicy(sqlite_database),
        runner=CheckRunner(timeout_s=5),
    )  # fmt: skip
    with pytest.raises(PolicyMissing):
        gate.judge_request(request())


def test_an_old_policy_is_never_used_because_the_database_was_away(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    make_active(sqlite_database, shipped_text())
    replica = ActivePolicy(sqlite_database, clock)
    replica()
    clock.now += CHECK_EVERY_S

    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_database, "read", away)
        for _ in range(2):
            with pytest.raises(OperationalError):
                replica()
    assert replica().revision == SHIPPED.revision


def test_a_revision_that_is_not_stored_is_named(sqlite_database: Database) -> None:
    with sqlite_database.read() as session, pytest.raises(PolicyMissing) as caught:
        stored_document(session, "sha256:0000")
    assert (caught.value.field, caught.value.value) == ("revision", "sha256:0000")


def test_a_gate_follows_an_activation_without_a_restart(sqlite_database: Database) -> None:
    clock = Clock()
    make_active(sqlite_database, shipped_text())
    _, slot = text_model()
    runner = CheckRunner(timeout_s=5)
    gate = Gate(
        request_checks=[PromptTextCheck(slot, "r")], output_checks=[],
        policy=ActivePolicy(sqlite_database, clock), runner=runner,
    )  # fmt: skip
    bloody = request("a floor of blood")
    before = gate.judge_request(bloody)
    other = make_active(sqlite_database, LENIENT)
    clock.now += CHECK_EVERY_S
    after = gate.judge_request(bloody)
    runner.close()
    assert (before.verdict, before.policy_revision) == (Verdict.BLOCK, SHIPPED.revision)
    assert (after.verdict, after.policy_revision) == (Verdict.ALLOW, other.revision)


def test_threads_that_ask_together_get_one_document(sqlite_database: Database) -> None:
    make_active(sqlite_database, shipped_text())
    replica = ActivePolicy(sqlite_database)
    got: list[PolicyDocument] = []
    threads = [threading.Thread(target=lambda: got.append(replica())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(document) for document in got}) == 1
