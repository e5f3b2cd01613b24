"""Policy documents in the database, and the active one as a replica sees it.

A replica compares its document with the database at least once a second, before it judges. One that cannot is not able to
judge: an old policy is never used because the database was away.
"""

import threading
import time
from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, Session, SQLModel, col, select

from moderation.bus.outbox import enqueue
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.messages import PolicyChanged
from moderation.sql import insert_new
from moderation.store import Database
from moderation.transparency import audit
from policies.document import PolicyDocument, parse_document

ACTIVE = "active"
CHECK_EVERY_S = 0.5


class PolicyRow(SQLModel, table=True):
    """One revision of a policy, as it was written. Never changed: decisions pin the revision."""

    __tablename__ = "policy_document"

    revision: str = Field(primary_key=True)
    name: str
    document: str = Field(sa_column=Column(Text, nullable=False))
    added_ms: int = Field(sa_type=BigInteger)


class PolicyActivation(SQLModel, table=True):
    """Which revision is active: one row per slot, and the history in the audit log."""

    __tablename__ = "policy_activation"

    slot: str = Field(primary_key=True)
    revision: str = Field(foreign_key="policy_document.revision")
    activated_ms: int = Field(sa_type=BigInteger)


class PolicyMissing(ServiceError):
    """No policy of this revision is stored, or none is active."""

    code = "policy.missing"
    kind = Kind.UNAVAILABLE


def activate(session: Session, text: str, *, name: str, actor: str, now_ms: int) -> PolicyDocument:
    """Validate the document, store it and make it the active one. Raises `PolicyInvalid` with every problem found."""
    document = parse_document(text, name=name)
    insert_new(session, PolicyRow, revision=document.revision, name=name, document=text, added_ms=now_ms)
    active = session.get(PolicyActivation, ACTIVE, populate_existing=True)
    before = active.revision if active else ""
    if before == document.revision:
        return document
    session.merge(PolicyActivation(slot=ACTIVE, revision=document.revision, activated_ms=now_ms))
    message = PolicyChanged(policy=ACTIVE, revision=document.revision)
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    audit.record(
        session,
        actor=actor,
        act="policy.activated",
        subject=document.revision,
        detail={"before": before},
        at_ms=now_ms,
    )
    return document


def active_revision(session: Session) -> str:
    """The revision that rules now. Raises `PolicyMissing`."""
    row = session.exec(
        select(PolicyActivation.revision).where(col(PolicyActivation.slot) == ACTIVE)
    ).one_or_none()
    if row is None:
        raise PolicyMissing("no policy is active", remedy="run `safeconduct policy activate FILE`")
    return row


def stored_document(session: Session, revision: str) -> PolicyDocument:
    """The document of a revision. Raises `PolicyMissing`."""
    row = session.get(PolicyRow, revision)
    if row is None:
        raise PolicyMissing(
            "no policy of this revision is stored",
            field="revision",
            value=revision,
            remedy="activate it first",
        )
    return parse_document(row.document, name=row.name)


class ActivePolicy:
    """The active document, compared with the database at most every half second. Safe to share between threads."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._document: PolicyDocument | None = None
        self._checked = float("-inf")

    def __call__(self) -> PolicyDocument:
        """The document that rules now. Raises `PolicyMissing` and database errors: the caller could not judge."""
        with self._lock:
            if self._document is None or self._clock() - self._checked >= CHECK_EVERY_S:
                self._document = self._compare(self._document)
                self._checked = self._clock()
            return self._document

    def _compare(self, known: PolicyDocument | None) -> PolicyDocument:
        with self._database.read() as session:
            revision = active_revision(session)
            return known if known and known.revision == revision else stored_document(session, revision)
