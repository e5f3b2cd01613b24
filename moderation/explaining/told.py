"""A recorded decision with all that its explanation needs, read in one go: body, policy document, and what was asked for."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation.errors import Kind, ServiceError
from moderation.gate.decisions import MACHINE, Decision
from moderation.gate.recorded import Recorded, read_body
from moderation.generation.rows import get_generation, request_of
from moderation.messages import GenerationRequested
from moderation.policy.store import PolicyMissing, stored_document
from policies.clauses import ReasonClause
from policies.document import PolicyDocument
from policies.loading.problems import PolicyInvalid
from policies.records import RecordUnreadable
from policies.rulings import Ruling
from policies.taxonomy import Category, Stage, Verdict


class DecisionUnknown(ServiceError):
    """No decision has this id."""

    code = "decision.unknown"
    kind = Kind.NOT_FOUND

    def __init__(self, decision_id: str) -> None:
        super().__init__(
            "no decision has this id",
            field="decision_id",
            value=decision_id,
            remedy="GET /v1/generations/{generation_id} lists the decisions on a generation with their ids",
        )


@dataclass(frozen=True, slots=True)
class Told:
    """`document` is the revision that ruled, None where it is no longer stored or readable; `unreadable` says why the body
    cannot be read, and is empty where it can."""

    decision: Decision
    recorded: Recorded
    request: GenerationRequested
    document: PolicyDocument | None
    unreadable: str = ""

    @property
    def stage(self) -> Stage:
        """At which it was made."""
        return Stage(self.decision.stage)

    @property
    def by_person(self) -> bool:
        """Whether somebody decided."""
        return self.decision.actor != MACHINE

    @property
    def category(self) -> Category | None:
        """Which names the verdict; a person's decision keeps that of the machine's."""
        return Category(self.decision.category) if self.decision.category else None

    @property
    def clause(self) -> ReasonClause | None:
        """The deciding rule's reason in the document that ruled."""
        deciding = self.recorded.ruling.deciding
        name = deciding.reason if deciding else self.decision.category
        return None if self.document is None else self.document.reasons.get(name)


def read_told(session: Session, decision_id: str) -> Told:
    """The decision. Raises `DecisionUnknown`."""
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise DecisionUnknown(decision_id)
    request = request_of(get_generation(session, decision.generation_id))
    document = _document(session, decision.policy_revision)
    try:
        return Told(decision, read_body(decision), request, document)
    except RecordUnreadable as error:
        nothing = Recorded(Ruling(Verdict(decision.verdict), None, decision.policy_revision))
        return Told(decision, nothing, request, document, str(error))


def _document(session: Session, revision: str) -> PolicyDocument | None:
    try:
        return stored_document(session, revision)
    except (PolicyMissing, PolicyInvalid):
        return None
