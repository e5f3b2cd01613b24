"""The locks and the global version that make a consent change visible to everyone at once.

Order of locks, everywhere: likeness rows in id order, then the registry row. A version is therefore visible only together with
all that it stands for, and a replica that has seen version n misses nothing up to n.
"""

from collections.abc import Iterable

import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from consent.likeness.models import Likeness, RegistryState

REGISTRY = "registry"
WORKS = "works"
_BUMPED_IN = "safeconduct.registry_bumped_in"
# Read once or twice for every judgement, so it is written once, and past the ORM.
_STATE = RegistryState.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_VERSION = sqlalchemy.select(_STATE.c.version).where(_STATE.c.name == sqlalchemy.bindparam("name"))


def registry_version(session: Session) -> int:
    """The committed version, read from the database and never from the session's memory; 0 before the first change."""
    return _version(session, REGISTRY)


def works_version(session: Session) -> int:
    """Grows with every change of which works are registered; read as `registry_version` is."""
    return _version(session, WORKS)


def lock_registry(session: Session) -> int:
    """Take the registry row's lock until the end of the transaction (SQLite: `BEGIN IMMEDIATE` has it); returns the version."""
    return _locked_row(session).version


def hold_registry(session: Session) -> int:
    """Keep the version from growing until the end of the transaction, beside others who do the same; returns it."""
    statement = select(RegistryState.version).where(RegistryState.name == REGISTRY).with_for_update(read=True)
    version = session.exec(statement).one_or_none()
    return lock_registry(session) if version is None else version


def bump_registry(session: Session) -> int:
    """Add one to the version under its lock and return the new one; others see it when the caller's transaction commits."""
    row = _locked_row(session)
    row.version += 1
    session.add(row)
    session.flush()
    session.info[_BUMPED_IN] = session.get_transaction()
    return row.version


def bump_works(session: Session) -> int:
    """As `bump_registry`, for a change of which works are registered; returns the registry's version."""
    version = bump_registry(session)
    row = _locked_row(session, WORKS)
    row.version += 1
    session.add(row)
    session.flush()
    return version


def bumped_here(session: Session) -> bool:
    """Whether this session's open transaction holds a version that nobody else can see yet."""
    transaction = session.get_transaction()
    return transaction is not None and session.info.get(_BUMPED_IN) is transaction


def lock_likenesses(session: Session, likeness_ids: Iterable[str]) -> tuple[Likeness, ...]:
    """Lock the rows in id order and return them as they are now; ids that do not exist are left out.

    `SELECT … FOR UPDATE` on PostgreSQL; SQLite ignores it and relies on the caller's `BEGIN IMMEDIATE`.
    """
    wanted = sorted(set(likeness_ids))
    if not wanted:
        return ()
    statement = (
        select(Likeness)
        .where(col(Likeness.id).in_(wanted))
        .order_by(col(Likeness.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return tuple(session.exec(statement))


def _version(session: Session, name: str) -> int:
    return session.execute(_VERSION, {"name": name}).scalar_one_or_none() or 0


def _locked_row(session: Session, name: str = REGISTRY) -> RegistryState:
    statement = (
        select(RegistryState)
        .where(RegistryState.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = session.exec(statement).one_or_none()
    if row is None:
        _create_row(session, name)
        row = session.exec(statement).one()
    return row


def _create_row(session: Session, name: str) -> None:
    """Once in the life of a database; two sessions may race to it, and both go on."""
    values = {"name": name, "version": 0}
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(RegistryState).values(values).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(RegistryState).values(values).on_conflict_do_nothing())
