"""May this account use this likeness for this, now? A pure function over facts, and the one place that loads them.

The order of refusal: unknown, erased, revoked; then the owner may always; then the best grant that is for this account,
judged by expiry, purpose and uses left. Of several refusing grants the one that came nearest names the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from consent.likeness.handles import find_likeness
from consent.likeness.models import AccountLink, Audience, Grant, Likeness, LikenessState
from consent.likeness.uses import held_grants

OK = "ok"
UNKNOWN = "likeness.unknown"
ERASED = "likeness.erased"
REVOKED = "likeness.revoked"
NOT_GRANTED = "likeness.not_granted"
EXPIRED = "likeness.expired"
PURPOSE = "likeness.purpose"
USED_UP = "likeness.used_up"

ANY_PURPOSE = "any"
_NEARNESS = (NOT_GRANTED, EXPIRED, PURPOSE, USED_UP, OK)
_SENTENCES = {
    UNKNOWN: "No one is enrolled as {name}; check the spelling of the handle.",
    ERASED: "{name} was erased by its owner and cannot be used any more; take another likeness out of the request.",
    REVOKED: "{name} has been revoked by its owner; remove it from the request.",
    NOT_GRANTED: "The owner of {name} has not given you permission; ask them, or remove it from the request.",
    EXPIRED: "Your permission to use {name} has expired; ask the owner to renew it.",
    PURPOSE: "Your permission to use {name} does not cover this purpose ({purpose}); ask the owner.",
    USED_UP: "Every permitted use of {name} is taken; ask the owner for more.",
    OK: "You may use {name}.",
}


@dataclass(frozen=True, slots=True)
class LikenessFacts:
    """What the ruling needs to know of a likeness."""

    id: str
    handle: str
    owner_account_id: str
    state: str
    revision: int
    restrictions_revision: int
    minor: bool


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What the ruling needs to know of a grant. `held`: this generation already holds one of its uses."""

    id: str
    audience: str
    account_ids: frozenset[str]
    purposes: frozenset[str]
    expires_ms: int | None
    uses_left: int | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class UseRuling:
    """The answer. `code` is `ok` or the signal of the refusal; `revision` is the consent revision that was seen (0: unknown).

    `grant_id` names the grant that permits, empty for the owner; `counted` says that a use of it must be reserved.
    """

    permitted: bool
    code: str
    likeness_id: str
    handle: str
    revision: int
    sentence: str
    grant_id: str = ""
    counted: bool = False
    minor: bool = False
    restrictions_revision: int = 0


def rule_use(
    likeness: LikenessFacts | None,
    grants: Iterable[GrantFacts],
    *,
    asked_for: str,
    account_id: str,
    mutual: bool,
    purpose: str,
    now_ms: int,
) -> UseRuling:
    """Decide. Pure: the same facts give the same ruling. An expiry ends the grant at its very millisecond."""
    if likeness is None:
        return _ruling(UNKNOWN, None, asked_for, purpose)
    if likeness.state != LikenessState.ACTIVE:
        code = REVOKED if likeness.state == LikenessState.REVOKED else ERASED
        return _ruling(code, likeness, asked_for, purpose)
    if account_id == likeness.owner_account_id:
        return _ruling(OK, likeness, asked_for, purpose)
    judged = [
        (
            _NEARNESS.index(_judge_grant(grant, account_id, mutual, purpose, now_ms)),
            grant.uses_left is None,
            grant,
        )
        for grant in sorted(grants, key=lambda grant: grant.id)
    ]
    nearness, _, best = max(judged, key=lambda item: item[:2], default=(0, False, None))
    code = _NEARNESS[nearness]
    return _ruling(code, likeness, asked_for, purpose, best if code == OK else None)


def evaluate_use(
    session: Session,
    *,
    handle_or_id: str,
    account_id: str,
    purpose: str,
    now_ms: int,
    generation_id: str = "",
) -> UseRuling:
    """Load the current rows and rule. `generation_id` lets a generation rely on the use it has already reserved.

    To act on the answer in the same transaction, lock first: `lock_likenesses(session, (ruling.likeness_id,))`.
    """
    row = find_likeness(session, handle_or_id)
    grants: Sequence[GrantFacts] = ()
    mutual = False
    if row is not None:
        grants = _load_grants(session, row.id, generation_id)
        mutual = are_mutuals(session, account_id, row.owner_account_id)
    return rule_use(
        None if row is None else facts_of(row),
        grants,
        asked_for=handle_or_id,
        account_id=account_id,
        mutual=mutual,
        purpose=purpose,
        now_ms=now_ms,
    )


def facts_of(row: Likeness) -> LikenessFacts:
    """The row as a value that outlives the session."""
    return LikenessFacts(
        id=row.id,
        handle=row.handle,
        owner_account_id=row.owner_account_id,
        state=row.state,
        revision=row.revision,
        restrictions_revision=row.restrictions_revision,
        minor=row.minor,
    )


def are_mutuals(session: Session, one: str, other: str) -> bool:
    """Whether each follows the other."""
    there = (col(AccountLink.follower_id) == one) & (col(AccountLink.followed_id) == other)
    back = (col(AccountLink.follower_id) == other) & (col(AccountLink.followed_id) == one)
    return one != other and len(session.exec(select(AccountLink).where(or_(there, back))).all()) == 2


def _judge_grant(grant: GrantFacts, account_id: str, mutual: bool, purpose: str, now_ms: int) -> str:
    if not _is_for(grant, account_id, mutual):
        return NOT_GRANTED
    if grant.expires_ms is not None and now_ms >= grant.expires_ms:
        return EXPIRED
    if not grant.purposes & {purpose, ANY_PURPOSE}:
        return PURPOSE
    if grant.uses_left is not None and grant.uses_left <= 0 and not grant.held:
        return USED_UP
    return OK


def _is_for(grant: GrantFacts, account_id: str, mutual: bool) -> bool:
    match grant.audience:
        case Audience.EVERYONE:
            return True
        case Audience.MUTUALS:
            return mutual
        case Audience.NAMED:
            return account_id in grant.account_ids
        case _:
            return False


def _ruling(
    code: str, likeness: LikenessFacts | None, asked_for: str, purpose: str, grant: GrantFacts | None = None
) -> UseRuling:
    name = f"@{likeness.handle}" if likeness else repr(asked_for[:64])
    return UseRuling(
        permitted=code == OK,
        code=code,
        likeness_id=likeness.id if likeness else "",
        handle=likeness.handle if likeness else "",
        revision=likeness.revision if likeness else 0,
        sentence=_SENTENCES[code].format(name=name, purpose=purpose[:64]),
        grant_id=grant.id if grant else "",
        counted=grant is not None and grant.uses_left is not None,
        minor=likeness.minor if likeness else False,
        restrictions_revision=likeness.restrictions_revision if likeness else 0,
    )


def _load_grants(session: Session, likeness_id: str, generation_id: str) -> tuple[GrantFacts, ...]:
    held = held_grants(session, generation_id) if generation_id else frozenset()
    statement = (
        select(Grant)
        .where(Grant.likeness_id == likeness_id, col(Grant.withdrawn_ms).is_(None))
        .execution_options(populate_existing=True)
    )
    return tuple(
        GrantFacts(
            id=row.id,
            audience=row.audience,
            account_ids=frozenset(row.account_ids),
            purposes=frozenset(row.purposes),
            expires_ms=row.expires_ms,
            uses_left=row.uses_left,
            held=row.id in held,
        )
        for row in session.exec(statement)
    )
