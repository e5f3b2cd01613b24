"""The statement of reasons: what users and staff read, and what is filed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from policies.document import shipped_document
from policies.engine import flatten, rule
from policies.findings import (
    AudioInterval,
    CheckReport,
    CheckStatus,
    Finding,
    FrameBox,
    TextSpan,
    WholeField,
)
from policies.places import name_place
from policies.reasons import Statement, explain
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import (
    ADULT_AT_REQUEST,
    certain,
    contexts,
    document,
    finding,
    report,
    report_lists,
    unclear,
    without_findings,
)

DEFAULT = shipped_document()
PROMPT = "A knight beheads his foe in close-up, blood everywhere"
BEHEADS = TextSpan("prompt", 9, 16)


def stated(
    *findings: Finding, context: PolicyContext = ADULT_AT_REQUEST, fields: dict[str, str] | None = None
) -> Statement:
    ruling = rule(DEFAULT, [report(*findings)], context)
    return explain(DEFAULT, ruling, findings, context, {"prompt": PROMPT} if fields is None else fields)


def test_a_refusal_names_category_words_rule_revision_and_the_edit_that_would_pass() -> None:
    statement = stated(certain(Category.VIOLENCE, where=BEHEADS))
    assert statement.user_text == (
        "This was refused. This appears to show serious violence against people or animals. Category: violence. "
        "Where: “beheads” (characters 10 to 16 of the prompt). "
        f"Rule: text.classifier:violence, policy {DEFAULT.revision}. "
        "What would help: Keep the tension without the attack or its wounds, for example the moment before or the "
        "help that arrives after."
    )
    assert (statement.code, statement.verdict, statement.category) == (
        "content.violence",
        "block",
        "violence",
    )


def test_staff_read_the_evidence_of_every_rule() -> None:
    statement = stated(
        unclear(Category.VIOLENCE, where=BEHEADS),
        finding(
            "likeness.not_granted", Category.PRIVATE_PERSON, where=WholeField("likenesses"), matched="@sam"
        ),
    )
    threshold = DEFAULT.signals["text.classifier"].thresholds[Category.VIOLENCE].review
    assert statement.operator_text.splitlines() == [
        f"review by text.classifier:violence: {DEFAULT.reasons['violence'].operator} "
        f"[text.classifier {threshold} from {threshold} at characters 10 to 16 of the prompt, by stub r1]",
        "block by likeness.not_granted: No grant of this likeness covers this account. "
        "[likeness.not_granted 1.0 at the likenesses, matched @sam, by stub r1]",
    ]


def test_what_matched_is_for_staff_only() -> None:
    statement = stated(finding("figure.living", Category.PUBLIC_FIGURE, matched="list entry 42"))
    assert "list entry 42" in statement.operator_text
    assert "list entry 42" not in statement.user_text


def test_an_allow_has_nothing_to_explain() -> None:
    statement = stated()
    assert (statement.code, statement.edit, statement.dsa) == ("allow", None, None)
    assert statement.user_text == "Nothing here is against the policy."


def test_a_hold_says_that_a_person_will_look() -> None:
    statement = stated(finding("work.named", Category.WORKS))
    assert statement.user_text.startswith("A person will look at this before anything is released. ")


@pytest.mark.parametrize("score", [unclear, certain])
def test_nothing_about_a_child_says_what_would_pass_nor_repeats_the_words(
    score: Callable[..., Finding],
) -> None:
    statement = stated(score(Category.MINORS, where=BEHEADS))
    assert statement.edit is None
    assert "beheads" not in statement.user_text
    assert "characters 10 to 16 of the prompt" in statement.user_text


def test_no_edit_is_given_when_anything_else_in_it_concerns_a_child() -> None:
    statement = stated(certain(Category.SEXUAL), unclear(Category.MINORS))
    assert statement.category is Category.SEXUAL
    assert statement.edit is None


def test_a_document_built_by_hand_cannot_give_an_edit_for_minors() -> None:
    clause = replace(DEFAULT.reasons["minors"], hint="Say it otherwise.", hint_when="always")
    lax = replace(DEFAULT, reasons={**DEFAULT.reasons, "minors": clause})
    found = (unclear(Category.MINORS),)
    ruling = rule(lax, [report(*found)], ADULT_AT_REQUEST)
    assert explain(lax, ruling, found, ADULT_AT_REQUEST).edit is None


def test_clear_criminal_intent_gets_no_help_and_an_ambiguous_case_does() -> None:
    assert stated(certain(Category.ILLICIT)).edit is None
    assert stated(unclear(Category.ILLICIT)).edit == DEFAULT.reasons["illicit"].hint


def test_a_pattern_that_leaves_no_doubt_gets_no_help_in_any_category() -> None:
    assert stated(finding("text.absolute", Category.HATE)).edit is None


def test_an_edit_that_would_pass_removes_every_cause() -> None:
    statement = stated(
        certain(Category.HATE),
        finding("likeness.not_granted", Category.PRIVATE_PERSON),
        unclear(Category.HATE),
    )
    assert statement.edit == " ".join(DEFAULT.reasons[name].hint for name in ("hate", "likeness.not_granted"))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (certain(Category.SEXUAL), "content.sexual"),
        (certain(Category.SEXUAL, "image.nudity"), "content.sexual"),
        (finding("text.absolute", Category.MINORS), "absolute.minors"),
        (finding("text.absolute", Category.ILLICIT), "content.illicit"),
        (finding("likeness.revoked", Category.PRIVATE_PERSON), "likeness.revoked"),
        (finding("account.suspended"), "account.suspended"),
        (finding("made.up"), "engine.unknown_signal"),
    ],
)
def test_the_machine_code_says_what_it_is_about_and_not_which_model_found_it(
    found: Finding, code: str
) -> None:
    assert stated(found).code == code


def test_a_context_keeps_the_code_of_what_it_makes_stricter() -> None:
    statement = stated(unclear(Category.SEXUAL), context=replace(ADULT_AT_REQUEST, adult=False))
    assert (statement.code, statement.verdict) == ("content.sexual", Verdict.BLOCK)
    assert "Rule: context:under_18" in statement.user_text


def test_a_combination_has_its_own_code() -> None:
    statement = stated(unclear(Category.SEXUAL, "image.nudity"), unclear(Category.MINORS))
    assert statement.code == "combination.nudity_with_a_minor"


def test_what_could_not_be_judged_is_no_fault_of_the_user() -> None:
    reports = [report(), without_findings("sound", CheckStatus.UNJUDGED, "timeout")]
    ruling = rule(DEFAULT, reports, ADULT_AT_REQUEST)
    statement = explain(DEFAULT, ruling, (), ADULT_AT_REQUEST)
    assert statement.code == "engine.unjudged"
    assert "You did nothing wrong." in statement.user_text
    assert "[sound: timeout]" in statement.operator_text
    assert (statement.edit, statement.dsa) == (None, None)


def test_an_unsupported_language_says_so_and_what_to_do() -> None:
    reports = [report(), without_findings("text", CheckStatus.UNJUDGED, "language.unsupported")]
    statement = explain(DEFAULT, rule(DEFAULT, reports, ADULT_AT_REQUEST), (), ADULT_AT_REQUEST)
    assert "this language" in statement.user_text
    assert statement.edit == "Write it in a supported language."


def test_a_reason_missing_from_a_document_built_by_hand_still_explains() -> None:
    bare = replace(document("signals:\n  work.named: {verdict: review}\n"), reasons={})
    found = (finding("work.named", Category.WORKS),)
    statement = explain(bare, rule(bare, [report(*found)], ADULT_AT_REQUEST), found, ADULT_AT_REQUEST)
    assert "We could not check this completely." in statement.user_text


SHA = "3fa9c1d2" + "0" * 56


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (TextSpan("prompt", 0, 8), "“A knight” (characters 1 to 8 of the prompt)"),
        (TextSpan("title", 0, 8), "characters 1 to 8 of the title"),
        (TextSpan("prompt", 9, 999), "characters 10 to 999 of the prompt"),
        (TextSpan("prompt", 5, 5), "characters 6 to 5 of the prompt"),
        (FrameBox("output", 3.5, 0, 0, 0.2, 0.2), "the picture at 3.5 s of the output, upper left"),
        (FrameBox("output", 0, 0.4, 0.4, 0.6, 0.6), "the picture at 0.0 s of the output, in the centre"),
        (FrameBox(SHA, 1, 0.9, 0.9, 1, 1), "the picture at 1.0 s of the file 3fa9c1d2, lower right"),
        (AudioInterval("output", 1.25, 2), "the sound from 1.2 s to 2.0 s of the output"),
        (WholeField("account"), "the account"),
    ],
)
def test_a_place_is_said_in_words(
    place: TextSpan | FrameBox | AudioInterval | WholeField, words: str
) -> None:
    assert name_place(place, {"prompt": PROMPT}, quoted=True) == words


def test_a_long_or_multiline_quotation_is_one_short_line() -> None:
    text = "start\nof\u202e " + "x" * 200 + " end"
    words = name_place(TextSpan("prompt", 0, len(text)), {"prompt": text}, quoted=True)
    quoted = words[words.index("“") : words.index("”")]
    assert quoted.startswith("“start of x")
    assert quoted.endswith(" end")
    assert len(quoted) < 70


def test_the_dsa_row_of_a_refused_request() -> None:
    row = stated(certain(Category.HATE, where=BEHEADS)).dsa
    assert row is not None
    assert row.to_plain() == {
        "decision_visibility": ["DECISION_VISIBILITY_OTHER"],
        "decision_visibility_other": "The request was refused; the content was never made.",
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "category": "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        "category_specification": ["KEYWORD_HATE_SPEECH"],
        "content_type": ["CONTENT_TYPE_TEXT"],
        "decision_facts": "Automated checks of a request for a video found content in the category hate: rule "
        f"text.classifier:hate, policy revision {DEFAULT.revision}.",
        "incompatible_content_ground": f"Content policy, hate, revision {DEFAULT.revision}",
        "incompatible_content_explanation": DEFAULT.reasons["hate"].operator,
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_FULLY",
    }


def test_the_dsa_row_of_an_output_says_that_it_is_disabled_synthetic_video() -> None:
    at_output = replace(ADULT_AT_REQUEST, stage=Stage.OUTPUT)
    row = stated(certain(Category.SEXUAL, "image.nudity"), context=at_output).dsa
    assert row is not None
    assert row.decision_visibility == ("DECISION_VISIBILITY_CONTENT_DISABLED",)
    assert row.content_type == ("CONTENT_TYPE_SYNTHETIC_MEDIA", "CONTENT_TYPE_VIDEO")


def test_the_dsa_row_of_a_hold_is_not_fully_automated() -> None:
    row = stated(finding("work.named", Category.WORKS)).dsa
    assert row is not None
    assert row.automated_decision == "AUTOMATED_DECISION_PARTIALLY"
    assert row.decision_visibility_other.startswith("Held until a person")


def test_the_dsa_row_quotes_no_input_and_names_nobody() -> None:
    row = stated(finding("figure.living", Category.PUBLIC_FIGURE, where=BEHEADS, matched="Jane Roe")).dsa
    assert row is not None
    assert "beheads" not in str(row)
    assert "Jane Roe" not in str(row)


def test_an_illegal_ground_names_the_law_and_not_the_terms() -> None:
    dsa = DEFAULT.reasons["minors"].dsa
    assert dsa is not None
    illegal = replace(
        dsa, ground="DECISION_GROUND_ILLEGAL_CONTENT", legal_ground="Directive 2011/93/EU, article 5"
    )
    clause = replace(DEFAULT.reasons["minors"], dsa=illegal)
    policy = replace(DEFAULT, reasons={**DEFAULT.reasons, "minors": clause})
    found = (finding("text.absolute", Category.MINORS),)
    row = explain(policy, rule(policy, [report(*found)], ADULT_AT_REQUEST), found, ADULT_AT_REQUEST).dsa
    assert row is not None
    assert row.illegal_content_legal_ground == "Directive 2011/93/EU, article 5"
    assert (
        row.to_plain().keys().isdisjoint({"incompatible_content_ground", "incompatible_content_explanation"})
    )


def test_no_content_was_judged_wrong_when_a_quota_is_exhausted() -> None:
    statement = stated(finding("account.quota_exhausted"))
    assert statement.dsa is None
    assert "Category" not in statement.user_text


@given(report_lists, contexts)
def test_every_ruling_can_be_explained(reports: list[CheckReport], context: PolicyContext) -> None:
    ruling = rule(DEFAULT, reports, context)
    statement = explain(DEFAULT, ruling, flatten(reports), context)
    assert statement.user_text
    assert len(statement.operator_text.splitlines()) >= len(ruling.rules)
    assert (statement.code == "allow") == (ruling.verdict is Verdict.ALLOW)
    if Category.MINORS in ruling.categories:
        assert statement.edit is None
