"""Every change of rights with what must follow it in the same transaction: the event, the audit row, the withdrawal.

An opt-out from generation takes back what was released with the work, as a revocation does: nothing is served from its commit on,
and the sweep tidies up. A licence that ends takes nothing back that was released under it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from consent.likeness.registry import registry_version
from consent.works import rights
from consent.works.models import Licence, OptOut, OptOutScope, Work
from moderation.bus.outbox import enqueue
from moderation.ids import new_id
from moderation.messages import RightsChanged
from moderation.release.withdraw import order_withdrawal
from moderation.transparency import audit


@dataclass(frozen=True, slots=True)
class OptedOut:
    """An opt-out as it stands committed. `withdrawal_id` is empty for one from training only."""

    opt_out: OptOut
    withdrawal_id: str


def opt_out(
    session: Session,
    work_id: str,
    *,
    holder: str,
    standing: str,
    scope: OptOutScope = OptOutScope.BOTH,
    now_ms: int,
) -> OptedOut:
    """The rights-holder refuses: nothing that names the work is released or served from this commit on, except to who holds a
    licence. `standing` says in what capacity."""
    row = rights.file_opt_out(
        session, opt_out_id=new_id("opt"), work_id=work_id, holder_account_id=holder, standing=standing, scope=scope,
        now_ms=now_ms,
    )  # fmt: skip
    _announce(session, work_id, "opted_out", holder, now_ms, {"scope": scope.value})
    if scope is OptOutScope.TRAINING:
        return OptedOut(row, "")
    return OptedOut(
        row, order_withdrawal(session, reason="work.opted_out", actor=holder, now_ms=now_ms, work_id=work_id)
    )


def end_opt_out(session: Session, opt_out_id: str, *, holder: str, now_ms: int) -> OptOut:
    """The refusal ends; what it withdrew stays withdrawn. Raises `UnknownRecord`, `NotYours`."""
    row = rights.end_opt_out(session, opt_out_id, holder, now_ms)
    _announce(session, row.work_id, "opt_out_ended", holder, now_ms)
    return row


def license_to(
    session: Session,
    work_id: str,
    account_id: str,
    *,
    holder: str,
    now_ms: int,
    until_ms: int | None = None,
    terms: Mapping[str, str] | None = None,
) -> Licence:
    """Permit one account from now on. Raises `LicenceEndsBeforeItStarts`."""
    row = rights.grant_licence(
        session, licence_id=new_id("lic"), work_id=work_id, account_id=account_id, holder_account_id=holder,
        from_ms=now_ms, until_ms=until_ms, terms=terms,
    )  # fmt: skip
    _announce(session, work_id, "licensed", holder, now_ms, {"account_id": account_id})
    return row


def end_licence(session: Session, licence_id: str, *, holder: str, now_ms: int) -> Licence:
    """End a permission: what is not released by now is not released under it. Raises `UnknownRecord`, `NotYours`."""
    row = rights.end_licence(session, licence_id, holder, now_ms)
    _announce(session, row.work_id, "licence_ended", holder, now_ms, {"account_id": row.account_id})
    return row


def register(
    session: Session, *, holder: str, names: Sequence[str], kind: str, franchise: str = "", now_ms: int
) -> Work:
    """Enter a work; every prompt is searched for its names from this commit on. Raises `UnnamedWork`, `UnknownKind`."""
    row = rights.register_work(
        session, work_id=new_id("work"), holder_account_id=holder, names=names, kind=kind, franchise=franchise, now_ms=now_ms
    )  # fmt: skip
    _announce(session, row.id, "registered", holder, now_ms)
    return row


def withdraw_registration(session: Session, work_id: str, *, holder: str, now_ms: int) -> Work:
    """Its names are searched for no more. Raises `UnknownRecord`, `NotYours`."""
    row = rights.withdraw_work(session, work_id, holder, now_ms)
    _announce(session, work_id, "registration_withdrawn", holder, now_ms)
    return row


def _announce(
    session: Session,
    work_id: str,
    change: str,
    actor: str,
    now_ms: int,
    detail: Mapping[str, str] | None = None,
) -> None:
    version = registry_version(session)
    message = RightsChanged(work_id=work_id, registry_version=version, change=change)
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    audit.record(
        session,
        actor=actor,
        act=f"work.{change}",
        subject=work_id,
        detail={**(detail or {}), "registry_version": version},
        at_ms=now_ms,
    )
