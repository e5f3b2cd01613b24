"""A moderator's decision moves the generation on. People stand above the policy, and below absolute rules and revocation."""

from dataclasses import dataclass

from sqlmodel import Session

from consent.likeness.rulings import UseRuling
from moderation.accounts.directory import is_suspended
from moderation.accounts.quota import QuotaLimits
from moderation.errors import Kind, ServiceError
from moderation.gate.decisions import Decision, record_human
from moderation.generation.facts import likeness_uses
from moderation.generation.output_stage import clear_output
from moderation.generation.pinned_works import refused_since
from moderation.generation.request_stage import approve, current_rulings, take_capacity
from moderation.generation.rows import get_generation, lock_generation, move, request_of
from moderation.generation.state import FINAL, State, Step
from moderation.generation.tables import Generation
from policies.taxonomy import Stage, Verdict
from policies.text.absolute import absolute_findings
from policies.text.normalise import normalise


class NotForPeople(ServiceError):
    """The allow would override what no person may override."""

    code = "case.not_overridable"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class HumanDecisions:
    """Applies what moderators decide, in the transaction that closes the case."""

    limits: QuotaLimits

    def apply(
        self,
        session: Session,
        *,
        generation_id: str,
        decision_id: str,
        case_id: str,
        verdict: Verdict,
        moderator: str,
        reason: str,
        now_ms: int,
    ) -> Decision | None:
        """Record the person's decision and take the step it means; None when the generation has ended meanwhile and there is
        nothing left to decide. Raises `NotForPeople` when consent is missing, an absolute rule forbids it, the requester is
        suspended, or the generation does not wait for this decision."""
        if State(get_generation(session, generation_id).state) in FINAL:
            return None
        rulings = self._consent(session, generation_id, now_ms) if verdict is Verdict.ALLOW else ()
        generation = lock_generation(session, generation_id)
        machine = session.get_one(Decision, decision_id)
        require_waiting(generation, machine)
        if verdict is Verdict.ALLOW:
            require_allowable(session, generation, machine)
        decision = record_human(
            session,
            generation_id,
            stage=machine.stage,
            verdict=verdict.value,
            moderator=moderator,
            case_id=case_id,
            reason=reason,
            machine=machine,
            now_ms=now_ms,
        )
        if verdict is Verdict.BLOCK:
            move(session, generation, Step.REFUSE, now_ms=now_ms, because="moderator")
        elif machine.stage == Stage.OUTPUT.value:
            clear_output(session, generation, decision, now_ms=now_ms)
        elif generation.output_decision_id:
            self._let_go_on(session, generation, decision, now_ms)
        else:
            self._approve(session, generation, decision, rulings, now_ms)
        return decision

    def _approve(
        self,
        session: Session,
        generation: Generation,
        decision: Decision,
        rulings: tuple[UseRuling, ...],
        now_ms: int,
    ) -> None:
        take_capacity(session, generation, rulings, self.limits, now_ms=now_ms)
        generation.request_decision_id = decision.id
        generation.held_stage = ""
        approve(session, generation, decision, rulings, now_ms=now_ms)

    def _let_go_on(self, session: Session, generation: Generation, decision: Decision, now_ms: int) -> None:
        """The request was asked about again after the output had been allowed: the release goes on from there."""
        generation.request_decision_id = decision.id
        output = session.get_one(Decision, generation.output_decision_id)
        clear_output(session, generation, output, now_ms=now_ms)

    def _consent(self, session: Session, generation_id: str, now_ms: int) -> tuple[UseRuling, ...]:
        """The likenesses as they are ruled now, locked: a person cannot consent in the owner's place."""
        uses = likeness_uses(session, request_of(get_generation(session, generation_id)), now_ms=now_ms)
        rulings = current_rulings(session, generation_id, uses, now_ms=now_ms)
        for ruling in rulings:
            if not ruling.permitted:
                raise NotForPeople(
                    ruling.sentence,
                    field="likenesses",
                    value=ruling.handle or ruling.likeness_id,
                    remedy="only the owner can give consent: decide block, or return the case",
                )
        return rulings


def require_waiting(generation: Generation, machine: Decision) -> None:
    """Raises `NotForPeople` unless the generation is held at the very stage that `machine` decided."""
    held = State(generation.state) is State.HELD and generation.held_stage == machine.stage
    if not held or machine.generation_id != generation.id:
        raise NotForPeople(
            "the generation does not wait for this decision",
            field="case",
            value=f"{generation.state} {generation.held_stage}".strip(),
            remedy="read the generation: it has moved on, or waits for something else",
        )


def require_allowable(session: Session, generation: Generation, machine: Decision) -> None:
    """What stands above a moderator. Raises `NotForPeople`.

    A case is opened by what could not be judged, too: the absolute rules are asked here once more, since nobody may have
    asked them. A suspended account gets no new generation; what was made before its suspension is judged on its content.
    """
    if absolute_findings(normalise(request_of(generation).prompt), "prompt"):
        raise NotForPeople(
            "an absolute rule forbids the prompt",
            field="outcome",
            value=Verdict.ALLOW.value,
            remedy="decide block; no person may allow it",
        )
    refused = refused_since(session, generation)
    if refused:
        raise NotForPeople(
            "the rights-holder of a work that it names has refused since it was judged",
            field="works",
            value=refused,
            remedy="only the rights-holder can permit it: decide block",
        )
    if machine.stage == Stage.REQUEST.value and is_suspended(session, generation.account_id):
        raise NotForPeople(
            "the account is suspended and gets no new generations",
            field="account_id",
            value=generation.account_id,
            remedy="decide block, or have an administrator lift the suspension first",
        )
