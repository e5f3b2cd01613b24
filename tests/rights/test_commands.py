"""Every change of rights brings its event and its audit row in the same transaction, under the registry version it made."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from consent.likeness.registry import registry_version, works_version
from consent.works.errors import NotYours, UnknownRecord
from moderation.bus.outbox import OutboxRow
from moderation.messages import Topic, decode
from moderation.rights.commands import (
    end_licence,
    end_opt_out,
    license_to,
    opt_out,
    register,
    withdraw_registration,
)
from moderation.store import Database
from moderation.transparency.audit import AuditEntry

HOLDER = "acct_holder"


def a_registration(session: Session) -> str:
    """Registered."""
    return register(session, holder=HOLDER, names=["Zorbla Quixworth"], kind="character", now_ms=1).id


def a_withdrawn_registration(session: Session) -> str:
    """Registered and withdrawn."""
    return withdraw_registration(session, a_registration(session), holder=HOLDER, now_ms=2).id


def an_opt_out(session: Session) -> str:
    """Refused."""
    return opt_out(session, "work_z", holder=HOLDER, standing="owner", now_ms=1).opt_out.work_id


def an_ended_opt_out(session: Session) -> str:
    """Refused, and not any more."""
    row = opt_out(session, "work_z", holder=HOLDER, standing="owner", now_ms=1).opt_out
    return end_opt_out(session, row.id, holder=HOLDER, now_ms=2).work_id


def a_licence(session: Session) -> str:
    """Permitted."""
    return license_to(session, "work_z", "acct_user", holder=HOLDER, now_ms=1).work_id


def an_ended_licence(session: Session) -> str:
    """Permitted, and not any more."""
    row = license_to(session, "work_z", "acct_user", holder=HOLDER, now_ms=1)
    return end_licence(session, row.id, holder=HOLDER, now_ms=2).work_id


@pytest.mark.parametrize(
    ("act", "change"),
    [
        (a_registration, "registered"),
        (a_withdrawn_registration, "registration_withdrawn"),
        (an_opt_out, "opted_out"),
        (an_ended_opt_out, "opt_out_ended"),
        (a_licence, "licensed"),
        (an_ended_licence, "licence_ended"),
    ],
)
def test_every_change_is_announced_and_audited(
    database: Database, act: Callable[[Session], str], change: str
) -> None:
    with database.transaction() as session:
        work_id = act(session)
    with database.read() as session:
        rows = session.exec(
            select(OutboxRow).where(OutboxRow.topic == Topic.RIGHTS).order_by(col(OutboxRow.id))
        ).all()
        last = decode(rows[-1].value).data
        assert (last["work_id"], last["change"]) == (work_id, change)
        assert last["registry_version"] == registry_version(session) > 0
        assert (
            f"work.{change}"
            in session.exec(select(AuditEntry.act).where(AuditEntry.subject == work_id)).all()
        )


def test_only_registrations_make_the_finder_read_anew(database: Database) -> None:
    with database.transaction() as session:
        an_opt_out(session)
        a_licence(session)
        assert works_version(session) == 0
        a_withdrawn_registration(session)
        assert works_version(session) == 2


def test_nobody_ends_what_another_filed(database: Database) -> None:
    with database.transaction() as session:
        work_id = a_registration(session)
        with pytest.raises(NotYours):
            withdraw_registration(session, work_id, holder="acct_other", now_ms=2)
        with pytest.raises(UnknownRecord):
            withdraw_registration(session, "work_nowhere", holder=HOLDER, now_ms=2)
