"""What rights-holders said about a work, and what follows for one account now.

Every change bumps the registry's version in the caller's transaction, which the caller commits. A licence is the holder's word to
one account and stands until it ends; an opt-out is the holder's word to everybody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlmodel import Session, col, or_, select

from consent.likeness.registry import bump_registry, bump_works, registry_version
from consent.works.catalogue import ListedWork, WorkKind, read_names
from consent.works.errors import LicenceEndsBeforeItStarts, NotYours, UnknownKind, UnknownRecord, UnnamedWork
from consent.works.models import Licence, OptOut, OptOutScope, Work

_Ended = TypeVar("_Ended", OptOut, Licence)


class Standing(StrEnum):
    """How a work stands towards one account."""

    LICENSED = "licensed"
    OPTED_OUT = "opted_out"
    UNLICENSED = "unlicensed"


@dataclass(frozen=True, slots=True)
class WorkStanding:
    """The standing, the row it follows from ("" for `unlicensed`), a licence's terms, the registry version it was read at."""

    standing: Standing
    record_id: str
    territory: str
    rating: str
    terms: tuple[tuple[str, str], ...]
    revision: int


@dataclass(frozen=True, slots=True)
class TrainingList:
    """The works that nobody may train on, in id order, and the registry version that the list is true for."""

    work_ids: tuple[str, ...]
    revision: int


def standing_of(session: Session, work_ids: Sequence[str], account_id: str, now_ms: int) -> WorkStanding:
    """How a work stands towards an account at `now_ms`. `work_ids`: the work's id, and those of what it belongs to.

    1. A licence of the work to the account that runs now: `licensed`.
    2. Otherwise an opt-out from generation, of the work or of what it belongs to: `opted_out`.
    3. Otherwise `unlicensed`: nobody said anything.
    """
    revision = registry_version(session)
    licences = _running_licences(session, work_ids, account_id, now_ms)
    if licences:
        held = licences[0]
        terms = tuple(sorted(held.terms.items()))
        return WorkStanding(Standing.LICENSED, held.id, held.territory, held.rating, terms, revision)
    refused = _standing_opt_outs(session, (OptOutScope.GENERATION, OptOutScope.BOTH), now_ms, work_ids)
    standing = Standing.OPTED_OUT if refused else Standing.UNLICENSED
    return WorkStanding(standing, refused[0].id if refused else "", "", "", (), revision)


def training_list(session: Session, now_ms: int) -> TrainingList:
    """The works opted out of training at `now_ms`."""
    revision = registry_version(session)
    refused = _standing_opt_outs(session, (OptOutScope.TRAINING, OptOutScope.BOTH), now_ms)
    return TrainingList(tuple(sorted({row.work_id for row in refused})), revision)


def register_work(
    session: Session,
    *,
    work_id: str,
    holder_account_id: str,
    names: Sequence[str],
    kind: str,
    franchise: str = "",
    now_ms: int,
) -> Work:
    """Enter a work with its names, the primary one first. Raises `UnnamedWork` without a name, `UnknownKind`."""
    if not read_names(names):
        raise UnnamedWork()
    if kind not in set(WorkKind):
        raise UnknownKind(kind)
    row = Work(
        id=work_id,
        holder_account_id=holder_account_id,
        names=[name for name in names if name.strip("~? ")],
        franchise=franchise,
        kind=kind,
        created_ms=now_ms,
    )
    session.add(row)
    bump_works(session)
    return row


def withdraw_work(session: Session, work_id: str, holder_account_id: str, now_ms: int) -> Work:
    """Take a registration back: its names are found no more. Raises `UnknownRecord`, or `NotYours`. Twice changes nothing."""
    row = session.get(Work, work_id, populate_existing=True)
    if row is None:
        raise UnknownRecord(work_id)
    if row.holder_account_id != holder_account_id:
        raise NotYours(work_id)
    if row.withdrawn_ms is None:
        row.withdrawn_ms = now_ms
        session.add(row)
        bump_works(session)
    return row


def file_opt_out(
    session: Session,
    *,
    opt_out_id: str,
    work_id: str,
    holder_account_id: str,
    standing: str,
    scope: OptOutScope = OptOutScope.BOTH,
    now_ms: int,
) -> OptOut:
    """Record that the rights-holder refuses, from `now_ms` on."""
    row = OptOut(
        id=opt_out_id,
        work_id=work_id,
        holder_account_id=holder_account_id,
        standing=standing,
        scope=scope,
        since_ms=now_ms,
    )
    session.add(row)
    bump_registry(session)
    return row


def grant_licence(
    session: Session,
    *,
    licence_id: str,
    work_id: str,
    account_id: str,
    holder_account_id: str,
    from_ms: int,
    until_ms: int | None = None,
    territory: str = "",
    rating: str = "",
    terms: Mapping[str, str] | None = None,
) -> Licence:
    """Record a permission. Raises `LicenceEndsBeforeItStarts`."""
    if until_ms is not None and until_ms <= from_ms:
        raise LicenceEndsBeforeItStarts(from_ms, until_ms)
    row = Licence(
        id=licence_id,
        work_id=work_id,
        account_id=account_id,
        holder_account_id=holder_account_id,
        territory=territory,
        rating=rating,
        terms=dict(terms or {}),
        from_ms=from_ms,
        until_ms=until_ms,
    )
    session.add(row)
    bump_registry(session)
    return row


def end_opt_out(session: Session, opt_out_id: str, holder_account_id: str, now_ms: int) -> OptOut:
    """Take a refusal back. Raises `UnknownRecord`, or `NotYours` when another account filed it. Ending twice changes nothing."""
    return _end(session, session.get(OptOut, opt_out_id), opt_out_id, holder_account_id, now_ms)


def end_licence(session: Session, licence_id: str, holder_account_id: str, now_ms: int) -> Licence:
    """End a permission now. Raises `UnknownRecord`, or `NotYours` when another account gave it. Ending twice changes nothing."""
    return _end(session, session.get(Licence, licence_id), licence_id, holder_account_id, now_ms)


def registered_works(session: Session) -> tuple[ListedWork, ...]:
    """The registered works that stand, in id order, as the matcher takes them (`catalogue.with_registered`)."""
    rows = session.exec(select(Work).where(col(Work.withdrawn_ms).is_(None)).order_by(col(Work.id)))
    return tuple(
        ListedWork(row.id, read_names(row.names), row.franchise, WorkKind(row.kind), row.holder_account_id)
        for row in rows
    )


def _end(session: Session, row: _Ended | None, row_id: str, holder: str, now_ms: int) -> _Ended:
    if row is None:
        raise UnknownRecord(row_id)
    if row.holder_account_id != holder:
        raise NotYours(row_id)
    if row.ended_ms is None:
        row.ended_ms = now_ms
        session.add(row)
        bump_registry(session)
    return row


def _running_licences(
    session: Session, work_ids: Iterable[str], account_id: str, now_ms: int
) -> Sequence[Licence]:
    statement = (
        select(Licence)
        .where(col(Licence.work_id).in_(set(work_ids)), Licence.account_id == account_id)
        .where(
            Licence.from_ms <= now_ms, or_(col(Licence.until_ms).is_(None), col(Licence.until_ms) > now_ms)
        )
        .where(or_(col(Licence.ended_ms).is_(None), col(Licence.ended_ms) > now_ms))
        .order_by(col(Licence.from_ms), col(Licence.id))
        .execution_options(populate_existing=True)
    )
    return session.exec(statement).all()


def _standing_opt_outs(
    session: Session, scopes: Iterable[OptOutScope], now_ms: int, work_ids: Iterable[str] | None = None
) -> Sequence[OptOut]:
    statement = (
        select(OptOut)
        .where(col(OptOut.scope).in_([str(scope) for scope in scopes]), OptOut.since_ms <= now_ms)
        .where(or_(col(OptOut.ended_ms).is_(None), col(OptOut.ended_ms) > now_ms))
        .order_by(col(OptOut.since_ms), col(OptOut.id))
        .execution_options(populate_existing=True)
    )
    if work_ids is not None:
        statement = statement.where(col(OptOut.work_id).in_(set(work_ids)))
    return session.exec(statement).all()
