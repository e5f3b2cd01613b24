"""Gathering the facts of a batch of plain requests with a handful of queries; the others are left to be gathered alone.

Plain is a request that shows nobody, gives no reference, remixes nothing and names no protected work: most are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from consent.likeness.registry import registry_version
from moderation.accounts.models import Account, QuotaDay
from moderation.accounts.quota import day_of
from moderation.bulk import any_of
from moderation.bus.dead_letters import count_open
from moderation.gate.subjects import AccountFacts, RequestSubject
from moderation.generation.facts import Limits, facts_of_account
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.generation.works import WorksInText
from moderation.messages import GenerationRequested, Topic

Waiting = Sequence[tuple[GenerationRequested, int]]
"""Requests, each with its account's rate when it came in."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Of the generations asked about: the plain requests with what the gate judges, and those that wait for no judgement."""

    plain: Sequence[tuple[GenerationRequested, RequestSubject]]
    moved_on: frozenset[str]


def gather_many(
    session: Session, ids: Sequence[str], *, limits: Limits, works: WorksInText, today: date, now_ms: int
) -> Gathered:
    """Read the facts, the registry's version first. A generation nobody knows is in neither list."""
    version = registry_version(session)
    waiting, moved_on = _requests(session, ids)
    rights_parked = count_open(session, topics=(Topic.RIGHTS,)) > 0
    accounts = _accounts(session, waiting, limits, now_ms)
    plain = [
        (request, _subject(request, account, today, version, rights_parked))
        for (request, _), account in zip(waiting, accounts, strict=True)
        if not works.find(session, request.prompt, request.account_id, now_ms=now_ms, version=version)
    ]
    return Gathered(plain, moved_on)


def _subject(
    request: GenerationRequested, account: AccountFacts, today: date, version: int, rights_parked: bool
) -> RequestSubject:
    return RequestSubject(
        account=account,
        prompt=request.prompt,
        today=today,
        purpose=request.purpose,
        registry_version=version,
        rights_parked=rights_parked,
    )


def _requests(session: Session, ids: Sequence[str]) -> tuple[Waiting, frozenset[str]]:
    """Those that name no other row, in the order of `ids`, and the ids of those that wait no more."""
    columns = (Generation.id, Generation.state, Generation.request, Generation.requests_last_minute)
    rows = {
        row[0]: row for row in session.execute(select(*columns).where(any_of(session, Generation.id, ids)))
    }
    waiting, moved_on = [], set()
    for name, state, body, rate in (rows[name] for name in ids if name in rows):
        if State(state) is not State.REQUESTED:
            moved_on.add(name)
            continue
        request = GenerationRequested.model_validate_json(body)
        if not (request.likenesses or request.references or request.remix_parent):
            waiting.append((request, rate))
    return waiting, frozenset(moved_on)


def _accounts(session: Session, waiting: Waiting, limits: Limits, now_ms: int) -> list[AccountFacts]:
    """One for each request."""
    names = sorted({request.account_id for request, _ in waiting})
    known = _known(session, names)
    places = select(QuotaDay.scope, QuotaDay.used).where(
        any_of(session, QuotaDay.scope, names), col(QuotaDay.day) == day_of(now_ms)
    )
    used = {scope: int(many) for scope, many in session.execute(places)}
    return [
        facts_of_account(
            request.account_id,
            known.get(request.account_id),
            limits=limits,
            rate=rate,
            used=used.get(request.account_id, 0),
        )
        for request, rate in waiting
    ]


def _known(session: Session, names: Sequence[str]) -> Mapping[str, Account]:
    statement = select(Account).where(any_of(session, Account.id, names))
    return {
        account.id: account for account in session.exec(statement.execution_options(populate_existing=True))
    }
