"""Gathering what the gate must know of accounts and consent, in one read, before any check runs."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from consent.likeness.models import WITH_VOICE, Likeness, Restriction
from consent.likeness.registry import registry_version
from consent.likeness.rulings import UseRuling, evaluate_use
from moderation.accounts.models import Account
from moderation.accounts.quota import QuotaLimits, day_of, used
from moderation.bus.dead_letters import count_open
from moderation.gate.subjects import AccountFacts, LikenessUse, RestrictionRule
from moderation.generation.rows import pinned_likenesses, request_of
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested, Topic

REMIXED_PROMPTS = 8
"""Prompts of a chain of remixes that are judged with the newest: as many as one clip could still show."""
REGISTRY_TOPICS = (Topic.CONSENT, Topic.RIGHTS)


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """All that the database says about a request."""

    account: AccountFacts
    likenesses: tuple[LikenessUse, ...]
    remix_parent_state: str
    registry_version: int
    remix_prompts: tuple[str, ...] = ()
    registry_parked: bool = False
    rights_parked: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one account may ask for: places per day, requests per minute."""

    quota: QuotaLimits
    rate_per_minute: int


def gather(
    session: Session, request: GenerationRequested, *, rate: int, limits: Limits, now_ms: int
) -> RequestFacts:
    """Read the facts. `rate`: the account's requests in the minute before this one, as counted when it came in.

    The registry's version is read first: what is read after it is at least that new.
    """
    version = registry_version(session)
    likenesses = likeness_uses(session, request, now_ms=now_ms)
    return RequestFacts(
        account=account_facts(session, request.account_id, limits=limits, rate=rate, now_ms=now_ms),
        likenesses=likenesses,
        remix_parent_state=parent_state(session, request.remix_parent, request.account_id),
        registry_version=version,
        remix_prompts=prompts_behind(session, request.remix_parent, request.account_id),
        registry_parked=bool(likenesses) and count_open(session, topics=REGISTRY_TOPICS) > 0,
        rights_parked=count_open(session, topics=(Topic.RIGHTS,)) > 0,
    )


def account_facts(
    session: Session, account_id: str, *, limits: Limits, rate: int, now_ms: int
) -> AccountFacts:
    """The requester. An account nobody knows is treated as suspended: somebody must have let it in elsewhere."""
    account = session.get(Account, account_id, populate_existing=True)
    taken = used(session, account_id, day_of(now_ms)) if account else 0
    return facts_of_account(account_id, account, limits=limits, rate=rate, used=taken)


def facts_of_account(
    account_id: str, account: Account | None, *, limits: Limits, rate: int, used: int
) -> AccountFacts:
    """The requester by the row; `used`: the places it has taken today."""
    if account is None:
        return AccountFacts(account_id=account_id, suspended=True)
    return AccountFacts(
        account_id=account_id,
        suspended=account.state != "active",
        under_18=account.under_18,
        requests_last_minute=rate,
        rate_limit=limits.rate_per_minute,
        quota_used=used,
        quota_limit=limits.quota.account,
    )


def likeness_uses(session: Session, request: GenerationRequested, *, now_ms: int) -> tuple[LikenessUse, ...]:
    """The registry's answer for each likeness asked for, and for each that the remixed video shows."""
    asked = list(dict.fromkeys(request.likenesses))
    rulings = {name: _rule(session, name, request, now_ms) for name in asked}
    shown = {ruling.likeness_id for ruling in rulings.values()}
    if request.remix_parent:
        for pinned in pinned_likenesses(session, request.remix_parent):
            if pinned.likeness_id not in shown:
                rulings[pinned.likeness_id] = _rule(session, pinned.likeness_id, request, now_ms)
    return tuple(_use(session, name, ruling, request) for name, ruling in rulings.items())


def parent_state(session: Session, parent_id: str | None, account_id: str) -> str:
    """The state of the video to be remixed; `unknown` when this account has none with this id (released means delivered to
    its requester, nobody else), empty when none is asked for."""
    if not parent_id:
        return ""
    parent = session.get(Generation, parent_id, populate_existing=True)
    return parent.state if parent and parent.account_id == account_id else "unknown"


def prompts_behind(session: Session, parent_id: str | None, account_id: str) -> tuple[str, ...]:
    """What was asked for along the line of remixes that ends in `parent_id`, oldest first, the nearest `REMIXED_PROMPTS` of them;
    of this account's videos only, because no other may be remixed."""
    prompts: list[str] = []
    while parent_id and len(prompts) < REMIXED_PROMPTS:
        parent = session.get(Generation, parent_id)
        if parent is None or parent.account_id != account_id:
            break
        prompts.append(request_of(parent).prompt)
        parent_id = parent.remix_parent
    return tuple(reversed(prompts))


def _rule(session: Session, name: str, request: GenerationRequested, now_ms: int) -> UseRuling:
    return evaluate_use(
        session,
        handle_or_id=name,
        account_id=request.account_id,
        purpose=request.purpose,
        now_ms=now_ms,
        generation_id=request.generation_id,
    )


def _use(session: Session, asked: str, ruling: UseRuling, request: GenerationRequested) -> LikenessUse:
    return LikenessUse(
        asked=asked,
        code=ruling.code,
        account_id=request.account_id,
        purpose=request.purpose,
        likeness_id=ruling.likeness_id,
        handle=ruling.handle,
        revision=ruling.revision,
        voice=_has_voice(session, ruling.likeness_id),
        minor=ruling.minor or _owner_is_under_18(session, ruling.likeness_id),
        sentence=ruling.sentence,
        restrictions=restrictions_of(session, ruling.likeness_id),
    )


def _owner_is_under_18(session: Session, likeness_id: str) -> bool:
    """Whatever was said at enrolment: who owns the likeness is who it shows."""
    owner = select(Account.under_18).join(Likeness, col(Likeness.owner_account_id) == col(Account.id))
    return bool(session.exec(owner.where(Likeness.id == likeness_id)).first()) if likeness_id else False


def _has_voice(session: Session, likeness_id: str) -> bool:
    """Whether the owner enrolled a voice with the face."""
    statement = select(Likeness.voice).where(Likeness.id == likeness_id)
    return bool(likeness_id) and session.exec(statement).first() == WITH_VOICE


def restrictions_of(session: Session, likeness_id: str) -> tuple[RestrictionRule, ...]:
    """The standing rules of a likeness' owner, in id order; none for an unknown likeness."""
    statement = (
        select(Restriction)
        .where(Restriction.likeness_id == likeness_id, col(Restriction.withdrawn_ms).is_(None))
        .order_by(col(Restriction.id))
        .execution_options(populate_existing=True)
    )
    return tuple(_rule_of(row) for row in session.exec(statement))


def _rule_of(row: Restriction) -> RestrictionRule:
    """A row whose compiled form is missing is one that nobody understood: a person reads it."""
    conditions = row.conditions or {"refused": [], "not_understood": [row.words]}
    return RestrictionRule(
        row.id, row.words, tuple(conditions["refused"]), tuple(conditions["not_understood"])
    )
