"""The decision that docs/decisions.md explains is a real one: it still follows from its findings, and the gate still makes it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from policies.document import shipped_document
from policies.engine import PolicyContext, rule
from policies.findings import CheckReport, CheckStatus, Finding, TextSpan
from policies.taxonomy import Category, Stage
from tests.docs.example_decision import FILE, PROMPT, judge_example
from tests.docs.markdown import block
from tests.docs.test_generated import page


@pytest.fixture
def example() -> Mapping[str, Any]:
    recorded: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return recorded


def test_the_example_follows_from_its_findings_under_the_shipped_policy(example: Mapping[str, Any]) -> None:
    reports = [report_of(finding) for finding in example["findings"]]
    context = PolicyContext(Stage.REQUEST, adult=True, feed=False, real_person=False, minor_present=False)
    ruling = rule(shipped_document(), reports, context)
    assert ruling.verdict.value == example["verdict"]
    assert [category.value for category in ruling.categories] == example["categories"]
    assert [fired.rule_id for fired in ruling.rules] == [fired["rule_id"] for fired in example["rules"]]


def test_the_span_of_the_example_is_the_name_in_the_prompt(example: Mapping[str, Any]) -> None:
    where = example["findings"][0]["where"]
    assert PROMPT[where["start"] : where["end"]] == "Taylor Swift"
    assert PROMPT.split()[0] in page("decisions.md")


def test_the_page_explains_every_field_of_the_example(example: Mapping[str, Any]) -> None:
    explained = page("decisions.md").replace(block(page("decisions.md"), "example"), "")
    plain = {"id", "stage"}
    missing = [name for name in example if name not in plain and f"`{name}`" not in explained]
    assert not missing


@pytest.mark.models
def test_the_gate_still_makes_this_decision(example: Mapping[str, Any]) -> None:
    made = judge_example()
    assert set(made) == set(example)
    assert made["verdict"] == example["verdict"]
    assert made["categories"] == example["categories"]
    assert set(made["revisions"]["checks"]) == set(example["revisions"]["checks"])


def report_of(finding: Mapping[str, Any]) -> CheckReport:
    where = finding["where"]
    found = Finding(
        Category(finding["category"]),
        finding["signal"],
        finding["score"],
        TextSpan(where["field"], where["start"], where["end"]),
        finding["check"],
        finding["revision"],
        finding["matched"],
    )
    return CheckReport(finding["check"], 1, CheckStatus.JUDGED, finding["revision"], (found,))
