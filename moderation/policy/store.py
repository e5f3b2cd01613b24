"""Policy documents in the database: what is stored, and which revision rules."""

from sqlmodel import Session, col, select

from moderation.errors import Kind, ServiceError
from moderation.policy.tables import PolicyRow, PolicyState
from moderation.sql import insert_new
from policies.document import PolicyDocument, parse_document
from policies.lifecycle.states import LifecycleState, in_rollout


class PolicyMissing(ServiceError):
    """No policy of this revision is stored, or none is active."""

    code = "policy.missing"
    kind = Kind.UNAVAILABLE


def active_revision(session: Session) -> str:
    """The revision that rules now. Raises `PolicyMissing`."""
    active = state_of(session, LifecycleState.ACTIVE)
    if active is None:
        raise PolicyMissing(
            "no policy is active", remedy="run `safeconduct policy activate FILE --reason WHY`"
        )
    return active.revision


def ruling_revision(session: Session, account_id: str) -> str:
    """The revision that rules on this account now: that of a rollout it is in, else the active one. Raises `PolicyMissing`."""
    rollout = state_of(session, LifecycleState.ROLLOUT)
    if rollout is not None and in_rollout(rollout.revision, account_id, rollout.percent):
        return rollout.revision
    return active_revision(session)


def state_of(session: Session, state: LifecycleState) -> PolicyState | None:
    """The one revision that is active, or in rollout; None when there is none."""
    statement = select(PolicyState).where(col(PolicyState.state) == state.value)
    return session.exec(statement, execution_options={"populate_existing": True}).one_or_none()


def stored_document(session: Session, revision: str) -> PolicyDocument:
    """The document of a revision. Raises `PolicyMissing`."""
    row = session.get(PolicyRow, revision)
    if row is None:
        raise PolicyMissing(
            "no policy of this revision is stored",
            field="revision",
            value=revision,
            remedy="add it first",
        )
    return parse_document(row.document, name=row.name)


def store_document(session: Session, text: str, *, name: str, now_ms: int) -> tuple[PolicyDocument, bool]:
    """Validate and keep a document; whether it is new. Raises `PolicyInvalid` with every problem found."""
    document = parse_document(text, name=name)
    new = insert_new(
        session, PolicyRow, revision=document.revision, name=name, document=text, added_ms=now_ms
    )
    return document, new
