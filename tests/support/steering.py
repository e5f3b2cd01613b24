"""Policies that differ in what a bare title means, and recorded decisions under them, some of which a person decided."""

from sqlmodel import Session

from moderation.gate.decisions import Decision, record_human, record_judgement
from moderation.gate.gate import Judgement, conclude
from policies.document import PolicyDocument, parse_document
from policies.findings import CheckReport, Finding
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Verdict
from tests.support.policies import ADULT_AT_REQUEST, document_text, finding, report

TITLE = finding("work.named", Category.WORKS)
ABSOLUTE = finding("text.absolute", Category.MINORS)


def titles(verdict: str, *, note: str = "none", tests: str = "{}") -> str:
    """A document for which a bare title has this verdict; `note` makes another revision of it."""
    return document_text(
        f"description: {note}\nsignals:\n  work.named: {{verdict: {verdict}}}\ntests: {tests}\n"
    )


def policy(verdict: str, **more: str) -> PolicyDocument:
    """The same, read."""
    return parse_document(titles(verdict, **more), name="titles.yaml")


def judged(
    document: PolicyDocument,
    *findings: Finding,
    context: PolicyContext = ADULT_AT_REQUEST,
    reports: tuple[CheckReport, ...] = (),
) -> Judgement:
    """What the document rules on these findings."""
    return conclude(document, context, (report(*findings), *reports), 0)


def decided(
    session: Session, judgement: Judgement, *, of: str, human: Verdict | None = None, now_ms: int = 1
) -> Decision:
    """The recorded decision on generation `of`, and what a person decided on it a little later."""
    machine = record_judgement(session, of, judgement, now_ms=now_ms)
    if human is not None:
        record_human(
            session, of, stage=machine.stage, verdict=human.value, moderator="mod_ann", case_id=f"case_{of}",
            reason="looked at it", machine=machine, now_ms=now_ms + 1,
        )  # fmt: skip
    return machine
