"""Every change of consent brings its event, its audit row and its withdrawal in the same transaction, or leaves nothing."""

import json

import pytest
from sqlmodel import Session, select

from consent.likeness.changes import LikenessChange
from consent.likeness.models import Likeness, RevokeScope
from consent.likeness.registry import registry_version
from moderation.bootstrap import Application
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.generation.tables import LikenessPortrait
from moderation.likenesses.commands import (
    NotYourLikeness,
    announce,
    erase_likeness,
    owned_by,
    require_owner,
    revoke_likeness,
)
from moderation.messages import ConsentChanged, decode
from moderation.release.tables import Withdrawal
from moderation.release.withdraw import WITHDRAW
from moderation.store import Database, now_ms
from moderation.transparency.audit import AuditEntry
from tests.support.service import Person, enrol_person


def announced(database: Database) -> list[ConsentChanged]:
    """The changes of consent on the wire, in order."""
    with database.read() as session:
        rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
    messages = [decode(row.value).open() for row in rows]
    return [message for message in messages if isinstance(message, ConsentChanged)]


def audited(database: Database, subject: str) -> list[tuple[str, str]]:
    """Actor and act of the audit rows about `subject`."""
    with database.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.subject == subject))
        return [(row.actor, row.act) for row in rows]


def withdrawals(database: Database) -> list[Withdrawal]:
    """All of them."""
    with database.read() as session:
        return list(session.exec(select(Withdrawal)))


def jobs(database: Database, kind: str) -> list[str]:
    """What the queued jobs of this kind are about."""
    with database.read() as session:
        return [row.subject_id for row in session.exec(select(JobRow).where(JobRow.kind == kind))]


@pytest.fixture
def person(app: Application) -> Person:
    """Enrolled, with a grant."""
    return enrol_person(app, 1)


def test_enrolling_and_granting_are_announced_with_growing_revisions_and_never_with_biometrics(
    app: Application, person: Person
) -> None:
    changes = announced(app.database)
    assert [change.change for change in changes] == ["enrolled", "granted"]
    assert [change.likeness_id for change in changes] == [person.likeness_id] * 2
    assert changes[0].revision < changes[1].revision
    assert changes[0].registry_version < changes[1].registry_version
    assert set(changes[0].model_dump()) == {"likeness_id", "revision", "registry_version", "change"}
    assert audited(app.database, person.likeness_id) == [
        (person.owner, "likeness.enrolled"),
        (person.owner, "likeness.granted"),
    ]


def test_a_revocation_brings_event_audit_row_and_withdrawal_job(app: Application, person: Person) -> None:
    with app.database.transaction() as session:
        revoked = revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert announced(app.database)[-1].change == "revoked"
    assert audited(app.database, person.likeness_id)[-1] == (person.owner, "likeness.revoked")
    [withdrawal] = withdrawals(app.database)
    assert (withdrawal.id, withdrawal.likeness_id, withdrawal.reason) == (
        revoked.withdrawal_id,
        person.likeness_id,
        "likeness.revoked",
    )
    assert withdrawal.done_ms is None
    assert jobs(app.database, WITHDRAW) == [withdrawal.id]
    assert audited(app.database, withdrawal.id) == [(person.owner, "withdrawal.ordered")]


def test_a_revocation_that_fails_leaves_no_event_no_row_and_no_withdrawal(
    app: Application, person: Person
) -> None:
    before = (len(announced(app.database)), audited(app.database, person.likeness_id))

    def fail(session: Session) -> None:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
        raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError), app.database.transaction() as session:
        fail(session)
    assert (len(announced(app.database)), audited(app.database, person.likeness_id)) == before
    assert withdrawals(app.database) == []
    assert jobs(app.database, WITHDRAW) == []
    with app.database.read() as session:
        assert session.get_one(Likeness, person.likeness_id).state == "active"


def test_revoking_again_changes_and_announces_nothing(app: Application, person: Person) -> None:
    for _ in range(2):
        with app.database.transaction() as session:
            revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert [change.change for change in announced(app.database)].count("revoked") == 1
    assert [act for _, act in audited(app.database, person.likeness_id)].count("likeness.revoked") == 1


def test_revoking_future_use_withdraws_nothing_that_was_released(app: Application, person: Person) -> None:
    with app.database.transaction() as session:
        revoked = revoke_likeness(
            session, person.likeness_id, actor=person.owner, now_ms=now_ms(session), scope=RevokeScope.FUTURE
        )
    assert not revoked.revocation.withdraw_released
    assert (revoked.withdrawal_id, withdrawals(app.database)) == ("", [])


def test_erasing_takes_the_portraits_along_and_orders_its_own_withdrawal(
    app: Application, person: Person
) -> None:
    with app.database.transaction() as session:
        for sha256 in ("a" * 64, "b" * 64):
            session.add(LikenessPortrait(likeness_id=person.likeness_id, asset_sha256=sha256, created_ms=1))
    with app.database.transaction() as session:
        erased = erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert erased.revocation.notice
    assert announced(app.database)[-1].change == "erased"
    assert [one.reason for one in withdrawals(app.database)] == ["likeness.erased"]
    with app.database.read() as session:
        assert session.exec(select(LikenessPortrait)).all() == []


def test_a_change_that_changed_nothing_is_not_announced(app: Application) -> None:
    unchanged = LikenessChange(
        likeness_id="lik_1",
        handle="ada",
        owner_account_id="acct_1",
        revision=1,
        registry_version=1,
        change="granted",
        changed=False,
    )
    with app.database.transaction() as session:
        announce(session, unchanged, actor="acct_1", now_ms=1)
    assert announced(app.database) == []
    assert audited(app.database, "lik_1") == []


def test_the_audit_row_pins_the_revision_and_the_registry(app: Application, person: Person) -> None:
    with app.database.read() as session:
        row = session.exec(select(AuditEntry).where(AuditEntry.act == "likeness.granted")).one()
        assert json.loads(row.detail) == {
            "revision": session.get_one(Likeness, person.likeness_id).revision,
            "registry_version": registry_version(session),
        }


def test_only_the_owner_is_let_near_and_others_learn_nothing(app: Application, person: Person) -> None:
    with app.database.read() as session:
        assert require_owner(session, person.likeness_id, person.owner).id == person.likeness_id
        messages = []
        for likeness_id in (person.likeness_id, "lik_nowhere"):
            with pytest.raises(NotYourLikeness) as caught:
                require_owner(session, likeness_id, "account_2")
            messages.append(caught.value.sentence)
    assert len(set(messages)) == 1
    assert caught.value.code == "likeness.not_yours"


def test_an_owner_sees_their_own_oldest_first(app: Application, person: Person) -> None:
    enrol_person(app, 2)
    with app.database.read() as session:
        assert [one.id for one in owned_by(session, person.owner)] == [person.likeness_id]
        assert owned_by(session, "acct_nobody") == ()
