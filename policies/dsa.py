"""A decision as a row of the DSA Transparency Database (DSA article 24(5)), as far as a ruling knows it.

The attributes and codes are those of the database's submission schema of 1 July 2025, as its API documentation lists them
(github.com/digital-services-act/transparency-database). `policy.schema.json` holds all categories and keywords, so that a
document cannot file under a code that the database refuses. Dates (`content_date` and `application_date` are required),
territory and the platform's own id are added by whoever submits. No field quotes an input or names a person: the database
forbids personal data. None tells a score or a threshold: the database is public.
"""

from dataclasses import asdict, dataclass

from policies.canonical import Plain
from policies.clauses import ReasonClause
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Stage, Verdict

ILLEGAL = "DECISION_GROUND_ILLEGAL_CONTENT"
_HELD = "Held until a person has decided; not shown to anyone meanwhile."
_NEVER_MADE = "The request was refused; the content was never made."


@dataclass(frozen=True, slots=True)
class DsaStatement:
    """The attributes by the names the database gives them; an empty text is an attribute that is not sent."""

    decision_visibility: tuple[str, ...]
    decision_visibility_other: str
    decision_ground: str
    category: str
    category_specification: tuple[str, ...]
    content_type: tuple[str, ...]
    decision_facts: str
    incompatible_content_ground: str
    incompatible_content_explanation: str
    illegal_content_legal_ground: str
    illegal_content_explanation: str
    source_type: str = "SOURCE_VOLUNTARY"
    automated_detection: str = "Yes"
    automated_decision: str = "AUTOMATED_DECISION_FULLY"

    def to_plain(self) -> dict[str, Plain]:
        """The row as JSON, without the attributes that are empty."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value
        }


def dsa_statement(
    clause: ReasonClause, ruling: Ruling, deciding: RuleFired, context: PolicyContext
) -> DsaStatement | None:
    """The row for a ruling that reviews or blocks; None where the reason has no filing."""
    if clause.dsa is None or ruling.verdict is Verdict.ALLOW:
        return None
    held = ruling.verdict is Verdict.REVIEW
    visibility, other = _visibility(context.stage, held=held)
    illegal = clause.dsa.ground == ILLEGAL
    ground = f"Content policy, {ruling.category or deciding.reason}, revision {ruling.policy}"
    return DsaStatement(
        decision_visibility=(visibility,),
        decision_visibility_other=other,
        decision_ground=clause.dsa.ground,
        category=clause.dsa.category,
        category_specification=clause.dsa.keywords,
        content_type=_content_type(context.stage),
        decision_facts=_facts(ruling, deciding, context.stage),
        incompatible_content_ground="" if illegal else ground,
        incompatible_content_explanation="" if illegal else clause.operator,
        illegal_content_legal_ground=clause.dsa.legal_ground if illegal else "",
        illegal_content_explanation=clause.operator if illegal else "",
        automated_decision="AUTOMATED_DECISION_PARTIALLY" if held else "AUTOMATED_DECISION_FULLY",
    )


def _visibility(stage: Stage, *, held: bool) -> tuple[str, str]:
    if held:
        return "DECISION_VISIBILITY_OTHER", _HELD
    if stage is Stage.REQUEST:
        return "DECISION_VISIBILITY_OTHER", _NEVER_MADE
    return "DECISION_VISIBILITY_CONTENT_DISABLED", ""


def _content_type(stage: Stage) -> tuple[str, ...]:
    if stage is Stage.REQUEST:
        return ("CONTENT_TYPE_TEXT",)
    return ("CONTENT_TYPE_SYNTHETIC_MEDIA", "CONTENT_TYPE_VIDEO")


def _facts(ruling: Ruling, deciding: RuleFired, stage: Stage) -> str:
    subject = {
        Stage.REQUEST: "a request for a video",
        Stage.OUTPUT: "a generated video",
        Stage.PUBLISH: "a video to be published",
    }[stage]
    return (
        f"Automated checks of {subject} found content in the category {ruling.category or deciding.reason}: "
        f"rule {deciding.rule_id}, policy revision {ruling.policy}."
    )
