"""What we file with the DSA Transparency Database is what its API takes: codes of its lists, texts within its limits.

The lists and limits are those of the API documentation in github.com/digital-services-act/transparency-database.
"""

import pytest

from policies.document import PolicyDocument, shipped_document
from policies.dsa import ILLEGAL, DsaStatement, dsa_statement
from policies.loading.problems import PolicyInvalid
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import document

SHIPPED: PolicyDocument = shipped_document()
LIMITS = {
    "decision_visibility_other": 500,
    "decision_facts": 5000,
    "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2000,
    "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2000,
}
FILED = sorted(name for name, clause in SHIPPED.reasons.items() if clause.dsa is not None)


def filed(reason: str, stage: Stage, verdict: Verdict) -> DsaStatement:
    """The row of a ruling for this reason."""
    fired = RuleFired("rule.with.a.name", Category.MINORS, verdict, 0, 0.8, reason, False, "")
    ruling = Ruling(verdict, Category.MINORS, SHIPPED.revision, (fired,), (), (), ())
    context = PolicyContext(stage=stage, adult=True, feed=False, real_person=False, minor_present=False)
    row = dsa_statement(SHIPPED.reasons[reason], ruling, fired, context)
    assert row is not None
    return row


@pytest.mark.parametrize("reason", FILED)
@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("verdict", [Verdict.REVIEW, Verdict.BLOCK])
def test_every_reason_gives_a_row_within_the_limits_with_all_that_its_codes_require(
    reason: str, stage: Stage, verdict: Verdict
) -> None:
    row = filed(reason, stage, verdict).to_plain()
    assert all(len(str(row.get(name, ""))) <= limit for name, limit in LIMITS.items())
    assert ("DECISION_VISIBILITY_OTHER" in row["decision_visibility"]) is ("decision_visibility_other" in row)  # type: ignore[operator]  # a list
    assert row["decision_facts"]
    needed = "illegal_content" if row["decision_ground"] == ILLEGAL else "incompatible_content"
    assert row[f"{needed}_explanation"]
    assert row["source_type"] == "SOURCE_VOLUNTARY"


@pytest.mark.parametrize(
    "keyword", ["KEYWORD_NON_CONSENSUAL_ITEMS_DEEPFAKE", "KEYWORD_DISINFORMATION", "KEYWORD_NUDTIY"]
)
def test_a_keyword_that_the_database_has_dropped_or_never_had_is_refused_when_the_document_is_loaded(
    keyword: str,
) -> None:
    reason = (
        f"  work.named: {{user: u, operator: o, dsa: {{category: STATEMENT_CATEGORY_VIOLENCE, keywords: [{keyword}], "
        "ground: DECISION_GROUND_INCOMPATIBLE_CONTENT}}"
    )
    with pytest.raises(PolicyInvalid, match=keyword):
        document("signals:\n  work.named: {verdict: review}\n", reasons=f"{reason}\n")
