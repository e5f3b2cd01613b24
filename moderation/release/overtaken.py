"""A policy that was activated after the verdict: what was allowed under another document is ruled on again before it leaves.

The recorded findings are ruled on, no model runs. A person's decision stands above any document; only an absolute rule of the new
one overrules it.
"""

import json
from functools import lru_cache

from sqlmodel import Session, col, select

from moderation.gate.decisions import MACHINE, Decision, record_judgement
from moderation.gate.gate import Judgement, conclude
from moderation.generation.request_stage import hold, reason_code
from moderation.generation.rows import move
from moderation.generation.state import Step
from moderation.generation.tables import Generation
from moderation.policy.store import PolicyMissing, ruling_revision
from moderation.policy.tables import PolicyRow
from policies.document import PolicyDocument, parse_document
from policies.findings import CheckReport, CheckStatus
from policies.records import RecordUnreadable, context_from_plain, reports_from_plain
from policies.rulings import PolicyContext
from policies.taxonomy import Stage, Verdict


def overtake(session: Session, generation: Generation, *, now_ms: int) -> bool:
    """Refuse it, or hold it for a person, when the policy that rules on its account now would not have allowed it at either
    stage; whether it did. That policy is the active one, or that of a rollout which the account is in.

    The new ruling is recorded as a decision of its own, which replays like any other.
    """
    active = ruling_revision(session, generation.account_id)
    for stage, decision_id in (
        (Stage.REQUEST, generation.request_decision_id),
        (Stage.OUTPUT, generation.output_decision_id),
    ):
        judgement = _ruled_again(session, session.get_one(Decision, decision_id), stage, active)
        if judgement is not None:
            _apply(session, generation, stage, judgement, now_ms)
            return True
    return False


def _ruled_again(session: Session, decision: Decision, stage: Stage, active: str) -> Judgement | None:
    """The judgement that stands against it now; None while it stands itself."""
    machine = decision if decision.actor == MACHINE else _decided_on(session, decision)
    if machine is None or machine.policy_revision == active:
        return None
    judgement = _conclude(_document(session, active), machine, stage)
    if judgement.verdict is Verdict.ALLOW or (machine is not decision and not judgement.ruling.absolute):
        return None
    return judgement


def _decided_on(session: Session, human: Decision) -> Decision | None:
    """The machine's decision that the person decided on."""
    digest = json.loads(human.body).get("decided_on", "")
    statement = select(Decision).where(
        Decision.generation_id == human.generation_id, col(Decision.body_sha256) == digest
    )
    return session.exec(statement).first()


def _conclude(document: PolicyDocument, decision: Decision, stage: Stage) -> Judgement:
    """The document's ruling on what was recorded; what cannot be read could not be judged."""
    try:
        body = json.loads(decision.body)
        reports = reports_from_plain(body["reports"])
        context = context_from_plain(body["context"])
    except (KeyError, TypeError, ValueError, RecordUnreadable):
        reports = (CheckReport("policy", 0, CheckStatus.UNJUDGED, "1", (), RecordUnreadable.code),)
        context = PolicyContext(stage=stage, adult=True, feed=False, real_person=False, minor_present=False)
    return conclude(document, context, reports, decision.registry_version)


def _document(session: Session, revision: str) -> PolicyDocument:
    row = session.get(PolicyRow, revision)
    if row is None:
        raise PolicyMissing("the active policy is not stored", field="revision", value=revision)
    return _parsed(row.document, row.name)


@lru_cache(maxsize=4)
def _parsed(text: str, name: str) -> PolicyDocument:
    return parse_document(text, name=name)


def _apply(session: Session, generation: Generation, stage: Stage, judgement: Judgement, now_ms: int) -> None:
    decision = record_judgement(session, generation.id, judgement, now_ms=now_ms)
    if stage is Stage.REQUEST:
        generation.request_decision_id = decision.id
    else:
        generation.output_decision_id = decision.id
    if judgement.verdict is Verdict.BLOCK:
        move(session, generation, Step.REFUSE, now_ms=now_ms, because=reason_code(judgement))
    else:
        hold(session, generation, decision, stage, now_ms=now_ms)
