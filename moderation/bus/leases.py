"""Named leases: one relay, one sealer, one sweeper at a time, in whichever process. Each holder gets a fencing token."""

import os
import secrets
from time import monotonic

from sqlalchemy import BigInteger, select, update
from sqlmodel import Field, Session, SQLModel, col

from moderation.bus.upsert import insert_or_ignore
from moderation.store import Database, now_ms


class NamedLeaseRow(SQLModel, table=True):
    """Who holds `name` until when; `token` grows with every change of holder."""

    __tablename__ = "named_lease"
    name: str = Field(primary_key=True)
    holder: str = ""
    token: int = Field(default=0, sa_type=BigInteger)
    until_ms: int = Field(default=0, sa_type=BigInteger)


def acquire(session: Session, name: str, *, holder: str, ttl_ms: int) -> int | None:
    """Take or renew `name` for `ttl_ms`; the fencing token, or None while another holder's lease runs. One that would run
    longer than twice `ttl_ms` was taken before the database's clock was set back, and runs no more."""
    now = now_ms(session)
    session.execute(
        insert_or_ignore(session, NamedLeaseRow).values(name=name, holder="", token=0, until_ms=0)
    )
    row = session.execute(
        select(NamedLeaseRow).where(col(NamedLeaseRow.name) == name).with_for_update()
    ).scalar_one()
    if row.holder != holder:
        if now < row.until_ms <= now + 2 * ttl_ms:
            return None
        row.token += 1
        row.holder = holder
    row.until_ms = now + ttl_ms
    session.add(row)
    session.flush()
    return int(row.token)


def is_current(session: Session, name: str, token: int) -> bool:
    """Whether `token` is still the newest for `name`; locks the row, so that it stays so until the caller commits."""
    query = select(col(NamedLeaseRow.token)).where(col(NamedLeaseRow.name) == name).with_for_update()
    return session.execute(query).scalar() == token


def release(session: Session, name: str, *, token: int) -> None:
    """Let the next one have it now."""
    mine = (col(NamedLeaseRow.name) == name, col(NamedLeaseRow.token) == token)
    session.execute(update(NamedLeaseRow).where(*mine).values(until_ms=0, holder=""))


class NamedLease:
    """A lease that a loop keeps asking for. `ttl_s`: how long after our last sign of life another may take over."""

    def __init__(self, database: Database, name: str, *, ttl_s: float = 10.0) -> None:
        self._database, self.name, self._ttl_s = database, name, ttl_s
        self._holder = f"{os.getpid()}:{secrets.token_hex(4)}"
        self._token: int | None = None
        self._renewed = -ttl_s

    def held(self) -> int | None:
        """Our fencing token if the lease is ours now, renewed when a third of it has passed; else None."""
        if self._token is None or monotonic() - self._renewed > self._ttl_s / 3:
            at = monotonic()
            with self._database.transaction() as session:
                self._token = acquire(session, self.name, holder=self._holder, ttl_ms=int(self._ttl_s * 1000))
            self._renewed = at
        return self._token

    def release(self) -> None:
        """For a shutdown."""
        if self._token is not None:
            with self._database.transaction() as session:
                release(session, self.name, token=self._token)
            self._token = None
