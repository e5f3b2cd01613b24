"""Two parts of an explanation: all of it for staff; for whoever asked their own words, and nothing that helps to get around."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from moderation.explaining.explanation import explain_decision, explanation_to_plain
from moderation.explaining.seek import not_sought
from moderation.explaining.told import Told, read_told
from moderation.gate.decisions import record_human, record_judgement
from moderation.gate.gate import conclude
from policies.article17 import REDRESS, StatementOfReasons, statement_of_reasons
from policies.clauses import ReasonClause
from policies.document import shipped_document
from policies.findings import CheckReport, CheckStatus, Finding, FrameBox, TextSpan
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Category, Stage, Verdict
from tests.support.wordy import WordyApplication, decide

BLOODY = "A knight stands in a hall. The floor is covered in blood, and a bell rings."
SECRETS = ("Jane Roe (full name)", "pattern-7", "0.9731", "0.75", "0.45", "w-revision", "mod_ann")


def told_of(app: WordyApplication, decision_id: str) -> Told:
    """As it is read back."""
    with app.database.read() as session:
        return read_told(session, decision_id)


def plain(told: Told) -> dict[str, Any]:
    """Both parts, as JSON that was written and read."""
    answer: dict[str, Any] = json.loads(
        json.dumps(explanation_to_plain(explain_decision(told, not_sought), operator=True))
    )
    return answer


def ruled(app: WordyApplication, prompt: str, *found: Finding, stage: Stage = Stage.REQUEST) -> Told:
    """A decision on findings made here."""
    decide(app, prompt)
    context = PolicyContext(stage, True, False, False, False)
    reports = (CheckReport("prompt.text", 1, CheckStatus.JUDGED, "w-revision", found),)
    with app.database.transaction() as session:
        made = record_judgement(session, "gen_1", conclude(app.policy(), context, reports, 7), now_ms=9)
    return told_of(app, made.id)


def test_a_refusal_names_rule_evidence_and_revision_and_what_would_change_it(app: WordyApplication) -> None:
    told = told_of(app, decide(app, BLOODY).id)
    answer = plain(told)
    user, staff = answer["user"], answer["operator"]
    assert (answer["verdict"], user["code"], user["category"]) == ("block", "content.violence", "violence")
    assert user["places"] == ["“blood” (characters 52 to 56 of the prompt)"]
    assert user["where"] == [{"kind": "text", "field": "prompt", "start": 51, "end": 56}]
    assert user["policy"] == app.policy().revision
    [rule] = staff["rules"]
    assert (rule["rule"], rule["score"], rule["decides"]) == ("text.classifier:violence", 0.97, True)
    limits = shipped_document().signals["text.classifier"].thresholds[Category.VIOLENCE]
    assert [
        (one["verdict"], one["all_of"][0]["threshold"], one["all_of"][0]["words"])
        for one in staff["would_change"]
    ] == [
        (verdict, level, f"text.classifier for violence scored under {level} (it scored 0.97)")
        for verdict, level in (("review", limits.block), ("allow", limits.review))
    ]


def test_the_users_part_tells_no_score_threshold_pattern_list_entry_or_person(app: WordyApplication) -> None:
    found = Finding(
        Category.HARASSMENT,
        "text.classifier",
        0.9731,
        TextSpan("prompt", 2, 8),
        "prompt.text",
        "w-revision",
        "pattern-7",
    )
    named = Finding(
        Category.PUBLIC_FIGURE, "figure.living", 1.0, TextSpan("prompt", 2, 8), "prompt.figures", "w-revision",
        "Jane Roe (full name)",
    )  # fmt: skip
    answer = plain(ruled(app, BLOODY, found, named))
    shown = json.dumps(answer["user"], ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in shown] == []
    assert "Jane Roe (full name)" in json.dumps(answer["operator"])


def test_what_concerns_a_child_is_named_and_never_quoted_or_mended(app: WordyApplication) -> None:
    told = told_of(app, decide(app, "a sexual video of a 12 year old girl").id)
    answer = plain(told)
    assert answer["user"]["code"].endswith("minors")
    assert "girl" not in json.dumps(answer["user"]["places"])
    assert (answer["user"]["advice"], answer["user"]["suggestion"]) == (None, None)
    assert not any(one["liftable"] for one in answer["operator"]["would_change"])


def test_a_frame_is_named_by_its_moment(app: WordyApplication) -> None:
    box = Finding(
        Category.SEXUAL, "image.nudity", 0.9, FrameBox("a" * 64, 1.5, 0, 0, 0.2, 0.2), "output.nudity", "n"
    )
    answer = plain(ruled(app, BLOODY, box, stage=Stage.OUTPUT))
    assert answer["user"]["places"] == ["the picture at 1.5 s of the file aaaaaaaa, upper left"]
    assert (
        answer["user"]["statement_of_reasons"]["restriction"] == "The video that was made is not delivered."
    )


def test_a_persons_decision_gives_their_reason_and_not_their_name(app: WordyApplication) -> None:
    machine = decide(app, BLOODY)
    with app.database.transaction() as session:
        made = record_human(
            session, "gen_1", stage="request", verdict="block", moderator="mod_ann", case_id="case_1",
            reason="Too much blood.", machine=machine, now_ms=9,
        )  # fmt: skip
    answer = plain(told_of(app, made.id))
    user = answer["user"]
    assert (user["code"], user["category"], user["decided_by"]) == ("person.block", "violence", "person")
    assert user["text"] == "A person looked at this and refused this. Too much blood."
    assert user["statement_of_reasons"]["automated_decision"] is False
    assert "mod_ann" not in json.dumps(user)
    assert (answer["operator"]["actor"], answer["operator"]["would_change"]) == ("mod_ann", [])


def test_an_allow_needs_no_statement(app: WordyApplication) -> None:
    answer = plain(told_of(app, decide(app, "A quiet hall.").id))
    assert (answer["user"]["code"], answer["user"]["statement_of_reasons"]) == ("allow", None)
    assert answer["user"]["places"] == answer["operator"]["would_change"] == []


CLAUSE = ReasonClause(user="No.", operator="o", hint="", hint_when="never", dsa=None)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("verdict", [Verdict.REVIEW, Verdict.BLOCK])
def test_every_letter_of_article_17_is_answered(stage: Stage, verdict: Verdict) -> None:
    fired = RuleFired("text.classifier:hate", Category.HATE, verdict, 0, 0.75, "hate")
    stated = statement_of_reasons(
        CLAUSE, Ruling(verdict, Category.HATE, "sha256:1", (fired,)), stage, ("“x”",)
    )
    assert stated is not None
    assert stated.redress == REDRESS
    assert "0.75" not in str(stated)
    assert stated.automated_decision == (verdict is Verdict.BLOCK)
    empty = {one.name for one in fields(StatementOfReasons) if getattr(stated, one.name) == ""}
    assert empty == {"legal_ground"}


def test_content_that_is_illegal_is_stated_by_the_law_and_not_by_the_terms() -> None:
    shipped = shipped_document().reasons["minors"]
    assert shipped.dsa is not None
    clause = replace(
        shipped,
        dsa=replace(
            shipped.dsa, ground="DECISION_GROUND_ILLEGAL_CONTENT", legal_ground="Directive 2011/93/EU"
        ),
    )
    stated = statement_of_reasons(clause, Ruling(Verdict.BLOCK, Category.MINORS, "p"), Stage.REQUEST, ())
    assert stated is not None
    assert (stated.legal_ground, stated.terms) == ("Directive 2011/93/EU", "")
