"""Where each revision stands, how it came there, and what it would have decided: what people read first."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from moderation.gate.shadows import compare_shadow
from moderation.policy.errors import PolicyUnknown
from moderation.policy.floods import GUARD
from moderation.policy.tables import PolicyChange, PolicyRow, PolicyState
from policies.lifecycle.states import LifecycleState

_S = LifecycleState
_STORED = select(PolicyState, PolicyRow).join(PolicyRow, col(PolicyRow.revision) == col(PolicyState.revision))
_ORDER = (_S.ACTIVE, _S.ROLLOUT, _S.SHADOW, _S.DRAFT, _S.RETIRED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A stored revision. `history`: its changes, newest first; `shadow`: counts by (verdict that stood, its own in shadow)."""

    state: PolicyState
    row: PolicyRow
    history: tuple[PolicyChange, ...]
    shadow: Mapping[tuple[str, str], int]

    @property
    def put_back(self) -> bool:
        """Whether it stands where the flood guard put it."""
        return bool(self.history) and self.history[0].actor == GUARD and self.state.state == _S.SHADOW.value

    @property
    def ruled(self) -> int:
        """Decisions on which it ruled as a shadow."""
        return sum(self.shadow.values())

    @property
    def otherwise(self) -> Mapping[tuple[str, str], int]:
        """Those of them that it would have decided otherwise."""
        return {pair: count for pair, count in sorted(self.shadow.items()) if pair[0] != pair[1]}


def read_standings(session: Session) -> tuple[Standing, ...]:
    """All of them: what rules first, then what watches, drafts, and what is retired; each kind by its latest change."""
    found = [_standing(session, state, row) for state, row in session.exec(_STORED).all()]
    return tuple(sorted(found, key=_place))


def read_standing(session: Session, revision: str) -> Standing:
    """Of one revision, called by its whole name. Raises `PolicyUnknown`."""
    found = session.exec(_STORED.where(PolicyState.revision == revision)).one_or_none()
    if found is None:
        raise PolicyUnknown(
            "no policy of this revision is stored",
            field="revision",
            value=revision,
            remedy="take one of the list, or add it",
        )
    return _standing(session, *found)


def _standing(session: Session, state: PolicyState, row: PolicyRow) -> Standing:
    changes = (
        select(PolicyChange)
        .where(PolicyChange.revision == state.revision)
        .order_by(col(PolicyChange.at_ms).desc(), col(PolicyChange.id).desc())
    )
    return Standing(state, row, tuple(session.exec(changes)), compare_shadow(session, state.revision))


def _place(one: Standing) -> tuple[int, int, str]:
    return _ORDER.index(_S(one.state.state)), -one.state.changed_ms, one.state.revision
