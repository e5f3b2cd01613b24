"""The life of a revision: draft, shadow, rollout, active, retired; which step may follow which, and who is in a rollout.

Pure: the service keeps the states in its database and asks here. Exactly one revision is active at any time, so what is active
only ever leaves because another takes its place.
"""

from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

EVERYONE = 100
"""Per cent."""


class LifecycleState(StrEnum):
    """Where a revision stands. Only `active` and `rollout` decide anything."""

    DRAFT = "draft"
    SHADOW = "shadow"
    ROLLOUT = "rollout"
    ACTIVE = "active"
    RETIRED = "retired"


_S = LifecycleState
STEPS = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.SHADOW, _S.ROLLOUT, _S.ACTIVE, _S.RETIRED}),
        _S.SHADOW: frozenset({_S.ROLLOUT, _S.ACTIVE, _S.RETIRED}),
        _S.ROLLOUT: frozenset({_S.ROLLOUT, _S.SHADOW, _S.ACTIVE, _S.RETIRED}),
        _S.ACTIVE: frozenset({_S.SHADOW, _S.RETIRED}),
        _S.RETIRED: frozenset({_S.SHADOW, _S.ROLLOUT, _S.ACTIVE}),
    }
)
"""What may follow each state. From `active`, only in the transaction that makes another revision active."""


def may_follow(before: LifecycleState, after: LifecycleState) -> bool:
    """Whether a revision may go from `before` to `after`."""
    return after in STEPS[before]


def in_rollout(revision: str, account_id: str, percent: int) -> bool:
    """Whether a rollout of `revision` to `percent` (0 to 100) rules on this account.

    The account's place is the first 8 bytes of SHA-256 over revision and account id, as a fraction of their range. It does
    not depend on time, replica or `percent`: an account that is in stays in while the share grows, and both stages of all
    its generations are ruled by one revision. Another revision picks other accounts first.
    """
    digest = sha256(f"{revision}\n{account_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * EVERYONE < percent << 64
