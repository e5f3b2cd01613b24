"""What of a document has no effect: said once, when a revision brings it, and not again of what was off before."""

from typing import Final

from sqlmodel import Session

from moderation.policy.store import state_of, stored_document
from moderation.policy.tables import PolicyState
from policies.document import PolicyDocument
from policies.lifecycle.states import LifecycleState
from policies.loading.notices import Notice, gathered

OFF: Final = frozenset({"policy.threshold_off", "policy.signal_off"})
"""Notices that something of the policy has no effect: shown as warnings."""


def newly_off(session: Session, document: PolicyDocument) -> tuple[Notice, ...]:
    """What of a stored document has no effect, and has one in the policy that it is to replace, or replaced."""
    row = session.get_one(PolicyState, document.revision)
    active = row if row.state == LifecycleState.ACTIVE.value else state_of(session, LifecycleState.ACTIVE)
    beside = row.previous if active is row else (active.revision if active else "")
    return off_beside(document, stored_document(session, beside) if beside else None)


def off_beside(document: PolicyDocument, other: PolicyDocument | None) -> tuple[Notice, ...]:
    """What of a document has no effect, and has one in the other; all that has none where there is no other."""
    known = {notice.message for notice in other.notices} if other else set()
    return gathered(one for one in document.notices if one.code in OFF and one.message not in known)
