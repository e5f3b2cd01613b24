"""What was recorded can be read, ruled again, and gives the same bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from policies.canonical import NotCanonical, canonical, revision_of
from policies.document import shipped_document
from policies.engine import rule
from policies.findings import CheckReport, FrameBox, TextSpan
from policies.lifecycle.replay import Recorded, canonical_ruling, replay
from policies.records import (
    RecordUnreadable,
    context_from_plain,
    context_to_plain,
    reports_from_plain,
    reports_to_plain,
    ruling_from_plain,
    ruling_to_plain,
)
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Verdict
from tests.support.policies import ADULT_AT_REQUEST, contexts, document, finding, report, report_lists

DEFAULT = shipped_document()
READ_AGAIN = shipped_document()


def through_json(value: Any) -> Any:
    """As if it had been stored and read."""
    return json.loads(canonical(value))


def recorded(reports: Sequence[CheckReport], context: PolicyContext) -> Recorded:
    ruling = rule(DEFAULT, reports, context)
    return Recorded(
        through_json(reports_to_plain(reports)),
        through_json(context_to_plain(context)),
        through_json(ruling_to_plain(ruling)),
    )


@given(report_lists)
def test_reports_are_read_as_they_were_written(reports: list[CheckReport]) -> None:
    written = reports_to_plain(reports)
    read = reports_from_plain(through_json(written))
    assert read == tuple(reports)
    assert canonical(reports_to_plain(read)) == canonical(written)


@given(contexts)
def test_a_context_is_read_as_it_was_written(context: PolicyContext) -> None:
    assert context_from_plain(through_json(context_to_plain(context))) == context


@given(report_lists, contexts)
def test_a_ruling_is_read_as_it_was_written(reports: list[CheckReport], context: PolicyContext) -> None:
    ruling = rule(DEFAULT, reports, context)
    assert ruling_from_plain(through_json(ruling_to_plain(ruling))) == ruling


@given(report_lists, contexts)
def test_the_same_findings_under_the_same_policy_give_the_same_bytes(
    reports: list[CheckReport], context: PolicyContext
) -> None:
    replayed = replay(READ_AGAIN, recorded(reports, context))
    assert replayed.identical
    assert replayed.same_policy
    assert not replayed.verdict_changed
    assert canonical_ruling(replayed.ruling) == canonical_ruling(rule(DEFAULT, reports, context))


def test_the_order_of_findings_within_a_report_is_kept() -> None:
    findings = tuple(
        finding("work.named", Category.WORKS, where=TextSpan("prompt", n, n + 1)) for n in (3, 1, 2)
    )
    (read,) = reports_from_plain(through_json(reports_to_plain([report(*findings)])))
    assert read.findings == findings


def test_scores_are_rounded_before_they_are_recorded_so_that_they_read_back_equal() -> None:
    one = report(finding("text.classifier", Category.HATE, 1 / 3))
    (read,) = reports_from_plain(through_json(reports_to_plain([one])))
    assert read.findings[0].score == 0.3333


NAMED = [report(finding("work.named", Category.WORKS))]


def test_an_altered_record_is_not_identical() -> None:
    kept = recorded(NAMED, ADULT_AT_REQUEST)
    softened = replace(kept, ruling={**kept.ruling, "verdict": "allow"})
    replayed = replay(DEFAULT, softened)
    assert (replayed.identical, replayed.same_policy, replayed.verdict_changed) == (False, True, True)


def test_an_extra_word_in_the_recorded_ruling_is_not_identical() -> None:
    kept = recorded(NAMED, ADULT_AT_REQUEST)
    assert not replay(DEFAULT, replace(kept, ruling={**kept.ruling, "note": ""})).identical


def test_another_policy_shows_what_it_would_change() -> None:
    stricter = document("signals:\n  work.named: {verdict: block}\n")
    replayed = replay(stricter, recorded(NAMED, ADULT_AT_REQUEST))
    assert (replayed.recorded.verdict, replayed.ruling.verdict) == (Verdict.REVIEW, Verdict.BLOCK)
    assert (replayed.identical, replayed.same_policy, replayed.verdict_changed) == (False, False, True)


def good_report() -> dict[str, Any]:
    plain: dict[str, Any] = through_json(reports_to_plain(NAMED))[0]
    return plain


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "guessed"}, "'guessed' is not a valid CheckStatus"),
        ({"tier": "first"}, "invalid literal"),
        ({"findings": [{}]}, "field 'category' is missing"),
        ({"findings": None}, "not iterable"),
        (
            {"findings": [{**good_report()["findings"][0], "category": "gore"}]},
            "'gore' is not a valid Category",
        ),
        ({"findings": [{**good_report()["findings"][0], "score": 2}]}, "score must lie in"),
        (
            {"findings": [{**good_report()["findings"][0], "where": {"kind": "smell"}}]},
            "field 'smell' is missing",
        ),
    ],
)
def test_an_unreadable_report_says_what_is_wrong_with_it(change: Mapping[str, Any], said: str) -> None:
    with pytest.raises(RecordUnreadable, match="the recorded reports cannot be read") as refused:
        reports_from_plain([{**good_report(), **change}])
    assert said in str(refused.value)
    assert refused.value.code == "record.unreadable"


def test_an_unreadable_context_or_ruling_is_named() -> None:
    with pytest.raises(RecordUnreadable, match="context cannot be read: field 'stage' is missing"):
        context_from_plain({})
    with pytest.raises(RecordUnreadable, match="context cannot be read: 'yes' is neither true nor false"):
        context_from_plain({**through_json(context_to_plain(ADULT_AT_REQUEST)), "adult": "yes"})
    with pytest.raises(RecordUnreadable, match="ruling cannot be read: field 'verdict' is missing"):
        ruling_from_plain({})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, "\ud800", {"a": ["\udfff"]}, {1: "x"}])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical, match="canonical JSON") as refused:
        canonical(value)
    assert refused.value.code == "record.not_canonical"


def test_a_place_outside_numbers_cannot_enter_a_record() -> None:
    box = FrameBox("output", float("nan"), 0, 0, 1, 1)
    with pytest.raises(NotCanonical):
        canonical(reports_to_plain([report(finding("image.nudity", Category.SEXUAL, where=box))]))


def test_canonical_json_is_that_of_rfc_8785() -> None:
    """Section 3.2.2 and 3.2.3: shortest numbers, sorted keys, no spaces, only what must be escaped is."""
    assert (
        canonical({"b": 1.0, "a": [1e21, 0.000001, "€\n"], "": None})
        == '{"":null,"a":[1e+21,0.000001,"€\\n"],"b":1}'
    )
    assert revision_of({"a": 1}) == revision_of({"a": 1.0})
