"""The moves that a person can make with a revision: what each does, and which are open from where the revision stands.

Which step may follow which is `policies.lifecycle.states`'; the services refuse what is not shown here as well.
"""

from dataclasses import dataclass
from typing import Final

from moderation.policy.tables import PolicyState
from policies.lifecycle.states import LifecycleState, may_follow

_S = LifecycleState


@dataclass(frozen=True, slots=True)
class Move:
    """`name` is the last part of its address; `to` the state it leads to; `needs_evidence`: of tests and a backtest."""

    name: str
    label: str
    does: str
    to: LifecycleState
    needs_evidence: bool = False


SHADOW: Final = Move(
    "shadow",
    "Put into shadow",
    "It rules on everything beside the policy that stands, without effect.",
    _S.SHADOW,
)
ROLLOUT: Final = Move(
    "rollout",
    "Roll out",
    "It decides for a share of the accounts; one that is in stays in while the share grows.",
    _S.ROLLOUT,
    needs_evidence=True,
)
ACTIVATE: Final = Move(
    "activate",
    "Activate",
    "It decides for everybody, on every replica within a second. What is active now is retired.",
    _S.ACTIVE,
    needs_evidence=True,
)
ROLL_BACK: Final = Move(
    "rollback", "Roll back", "It goes back to shadow, and what ruled before it rules again.", _S.SHADOW
)
RETIRE: Final = Move(
    "retire", "Retire", "It is taken out of use. It stays stored, because decisions name it.", _S.RETIRED
)


def open_moves(state: PolicyState) -> tuple[Move, ...]:
    """What can be done with it now. An active revision goes only because another takes its place."""
    stands = LifecycleState(state.state)
    if stands is _S.ACTIVE:
        return (ROLL_BACK,) if state.previous else ()
    if stands is _S.ROLLOUT:
        return (ROLLOUT, ACTIVATE, ROLL_BACK, RETIRE)
    moves = (SHADOW, ROLLOUT, ACTIVATE, RETIRE)
    return tuple(move for move in moves if move.to is not stands and may_follow(stands, move.to))
