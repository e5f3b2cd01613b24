"""The audit log: every act is written in its own transaction, and sealed into a hash chain within a second.

Rows commit out of id order, so the acting transaction takes no sequence number: the sealer gives it, one row after the
other, to whatever is committed and unsealed. A row that commits late with a low id is sealed later, never skipped. What is
not sealed yet is the tail, and `verify_chain` names it. The chain proves that nobody edited, removed or moved a
sealed row; that nobody rewrote the whole chain is proven by comparing its head with one noted elsewhere (the sealer logs it).
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Index, func, text
from sqlmodel import Field, Session, SQLModel, col, select

from moderation.bells import ring_after_commit
from moderation.bus.columns import SERIAL
from moderation.guards import ACTS, guard_table
from moderation.sql import insert_new

Plain = str | int | bool | None
Detail = Mapping[str, Plain | tuple[str, ...] | list[str]]

BELL = "audit"
GENESIS = "0" * 64
_PLAIN_WORD = re.compile(r"[\w.:/*+,=-]{1,200}", re.ASCII)
_VERIFY_BATCH = 1000
_BEFORE_ALL = -(2**62)  # below any sequence number, so that a forged row 0 is met, too


class AuditEntry(SQLModel, table=True):
    """Who did what to what. Append-only; `seq`, `previous_hash` and `hash` are set once, by the sealer."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(
            "ix_audit_unsealed",
            "id",
            sqlite_where=text("seq IS NULL"),
            postgresql_where=text("seq IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    actor: str = Field(index=True)
    act: str
    subject: str = Field(index=True)
    detail: str
    at_ms: int = Field(sa_type=BigInteger)
    seq: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    previous_hash: str | None = None
    hash: str | None = None


class AuditHead(SQLModel, table=True):
    """The last sealed row: one row (`id` 1) that the sealer locks, so that two sealers take turns."""

    __tablename__ = "audit_head"
    id: int = Field(primary_key=True)
    seq: int = Field(default=0, sa_type=BigInteger)
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify_chain` found: rows sealed and sound up to the first fault, ids not sealed yet, and the fault.

    `broken_at` is the sequence number at which the chain does not hold, None when it holds; `fault` says how.
    """

    sealed: int
    unsealed_tail: tuple[int, ...]
    broken_at: int | None
    fault: str
    head: str

    @property
    def intact(self) -> bool:
        """Whether every sealed row is as it was sealed."""
        return self.broken_at is None


def record(session: Session, *, actor: str, act: str, subject: str, detail: Detail, at_ms: int) -> None:
    """Write one row in the caller's transaction. `actor` and `subject` are ids, `act` a stable code.

    Holds no personal data by construction: every text must be an id or a code (letters, digits and ``_.:/*+,=-``, at most 200);
    a sentence, a name with a space or an address raises `ValueError`.
    """
    for field, value in (("actor", actor), ("act", act), ("subject", subject)):
        _require_plain(field, value)
    for name, item in detail.items():
        _require_plain("detail", name)
        for part in item if isinstance(item, list | tuple) else (item,):
            if isinstance(part, str) and part:
                _require_plain(f"detail.{name}", part)
    body = json.dumps(detail, sort_keys=True, separators=(",", ":"))
    session.add(AuditEntry(actor=actor, act=act, subject=subject, detail=body, at_ms=at_ms))
    ring_after_commit(session, BELL)


def seal_pending(session: Session, *, limit: int = 1000) -> int:
    """Seal up to `limit` committed, unsealed rows in id order; how many. Safe to run from two places: the head is locked."""
    head = _locked_head(session)
    pending = session.exec(
        select(AuditEntry).where(col(AuditEntry.seq).is_(None)).order_by(col(AuditEntry.id)).limit(limit)
    ).all()
    for entry in pending:
        entry.seq = head.seq + 1
        entry.previous_hash = head.hash
        entry.hash = entry_hash(entry)
        head.seq, head.hash = entry.seq, entry.hash
    session.flush()
    return len(pending)


def verify_chain(session: Session) -> AuditReport:
    """Recompute the chain from the first row. Finds an edited, removed, moved or inserted sealed row and a cut-off end.

    Safe beside a running sealer: rows and head are sealed in one transaction, so the rows up to a head that was read
    before them must end in it, and a head read after all rows must cover them.
    """
    head = _head(session)
    seq, digest, fault = 0, GENESIS, ""
    cursor = _BEFORE_ALL
    while not fault and (batch := _sealed_between(session, cursor, head.seq)):
        for entry in batch:
            fault = _fault_of(entry, seq + 1, digest)
            if fault:
                break
            cursor = seq = seq + 1
            digest = str(entry.hash)
    if not fault and (seq, digest) != (head.seq, head.hash):
        fault = "the end differs from the recorded head"
    if not fault and _last_seq(session) > _head(session).seq:
        fault = "a row stands behind the recorded head"
    tail = select(AuditEntry.id).where(col(AuditEntry.seq).is_(None)).order_by(col(AuditEntry.id))
    unsealed = tuple(entry_id for entry_id in session.exec(tail) if entry_id is not None)
    return AuditReport(seq, unsealed, seq + 1 if fault else None, fault, digest)


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 (hex) over the row's every field and the hash of the row sealed before it."""
    fields = [
        entry.previous_hash, entry.seq, entry.id, entry.actor, entry.act, entry.subject, entry.detail, entry.at_ms,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def _fault_of(entry: AuditEntry, seq: int, previous: str) -> str:
    if entry.seq != seq:
        return f"sequence number {seq} is missing"
    if entry.previous_hash != previous:
        return "the row does not follow the one before it"
    if entry.hash != entry_hash(entry):
        return "the row was changed after it was sealed"
    return ""


def _sealed_between(session: Session, after: int, last: int) -> Sequence[AuditEntry]:
    seq = col(AuditEntry.seq)
    rows = select(AuditEntry).where(seq > after, seq <= last).order_by(seq).limit(_VERIFY_BATCH)
    return session.exec(rows, execution_options={"populate_existing": True}).all()


def _last_seq(session: Session) -> int:
    return session.exec(select(func.max(AuditEntry.seq))).one() or 0


def _head(session: Session) -> AuditHead:
    return session.get(AuditHead, 1, populate_existing=True) or AuditHead(id=1)


def _locked_head(session: Session) -> AuditHead:
    insert_new(session, AuditHead, id=1, seq=0, hash=GENESIS)
    statement = select(AuditHead).where(col(AuditHead.id) == 1).with_for_update()
    return session.exec(statement, execution_options={"populate_existing": True}).one()


def sealed_head(session: Session) -> tuple[int, str]:
    """The sequence number and the hash of the last sealed row."""
    head = _head(session)
    return head.seq, head.hash


def unsealed_count(session: Session) -> int:
    """Rows that wait for the sealer."""
    statement = select(func.count()).select_from(AuditEntry).where(col(AuditEntry.seq).is_(None))
    return int(session.exec(statement).one())


def _require_plain(field: str, value: str) -> None:
    if not _PLAIN_WORD.fullmatch(value):
        raise ValueError(
            f"audit {field}: {value[:40]!r} is no id or code; the audit log holds no sentences and no personal data"
        )


guard_table(AuditEntry, ACTS)
