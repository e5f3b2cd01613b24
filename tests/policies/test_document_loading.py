"""A policy document that is right: its revision, its notices, and the one that ships."""

import json
from dataclasses import FrozenInstanceError
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from policies.clauses import Clock, Threshold
from policies.document import PolicyDocument, load_document, parse_document, shipped_document
from policies.loading.notices import gathered
from policies.signals import ABSOLUTE_CATEGORIES, SIGNALS
from policies.taxonomy import Category, Verdict
from tests.support.policies import document, document_text, thresholds

DEFAULT = shipped_document()
CATALOGUE = files("policies") / "catalogue"


def notices(policy: PolicyDocument, code: str) -> list[str]:
    return [str(notice) for notice in policy.notices if notice.code == f"policy.{code}"]


def test_all_that_the_shipped_policy_switches_off_is_blocking_for_a_weapon_alone_and_by_unmeasured_guards() -> (
    None
):
    unmeasured = tuple(category for category in Category if category != Category.MINORS)
    assert [(notice.of, notice.names) for notice in gathered(DEFAULT.notices)] == [
        ("image.weapon", (Category.VIOLENCE,)),
        ("guard.text", unmeasured),
        ("guard.image", unmeasured),
    ]
    assert {notice.what for notice in DEFAULT.notices} == {
        "the threshold for block is off (0); no score leads to block"
    }


def test_the_shipped_policy_speaks_about_every_signal_and_gives_every_reason_it_names() -> None:
    assert DEFAULT.signals.keys() == SIGNALS.keys()
    named = {clause.reason for clause in DEFAULT.signals.values() if clause.reason is not None}
    assert named <= DEFAULT.reasons.keys()


def test_no_reason_of_the_shipped_policy_is_never_given() -> None:
    named = {clause.reason for clause in DEFAULT.signals.values()}
    used = named | set(Category) | set(DEFAULT.unjudged) | {"unjudged"}
    assert DEFAULT.reasons.keys() <= used


def test_every_category_of_content_is_filed_with_the_dsa_database() -> None:
    assert all(DEFAULT.reasons[category].dsa is not None for category in Category)


def test_the_shipped_policy_helps_with_the_wording_of_nothing_absolute_or_clearly_criminal() -> None:
    for category in ABSOLUTE_CATEGORIES:
        assert (DEFAULT.reasons[category].hint, DEFAULT.reasons[category].hint_when) == ("", "never")
    assert DEFAULT.reasons[Category.ILLICIT].hint_when == "review"


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("india_ncii", (2, 2, "hours")),
        ("india_order", (3, 3, "hours")),
        ("take_it_down", (48, 48, "hours")),
        ("dmca_counter_notice", (10, 14, "business_days")),
        ("dsa_appeal_window", (6, 6, "months")),
        ("preservation", (1, 1, "years")),
    ],
)
def test_the_clocks_are_those_of_the_law_and_name_it(name: str, length: tuple[int, int, str]) -> None:
    clock: Clock = DEFAULT.clocks[name]
    assert (clock.at_least, clock.at_most, clock.unit) == length
    assert any(char.isdigit() for char in clock.source)


def test_the_schema_is_a_valid_schema_and_knows_every_category() -> None:
    schema: Any = json.loads((CATALOGUE / "policy.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["category"]["enum"] == [category.value for category in Category]
    assert schema["$defs"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]


def test_the_shipped_file_and_the_file_on_disk_are_read_alike(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text((CATALOGUE / "default.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_document(copy).revision == DEFAULT.revision


def shuffled(value: Any) -> Any:
    """The same content in another order: keys and lists reversed."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(inner) for inner in reversed(value)] if isinstance(value, list) else value


def test_the_revision_ignores_comments_layout_and_order() -> None:
    text = (CATALOGUE / "default.yaml").read_text(encoding="utf-8")
    rewritten = "# another comment\n" + yaml.safe_dump(shuffled(yaml.safe_load(text)), sort_keys=False)
    again = parse_document(rewritten, name="again.yaml")
    assert again.revision == DEFAULT.revision
    assert again.content == DEFAULT.content


def test_the_revision_ignores_how_a_number_is_written() -> None:
    one = document(f"signals:\n  text.classifier:\n    thresholds: {thresholds(hate='{block: 1}')}\n")
    other = document(f"signals:\n  text.classifier:\n    thresholds: {thresholds(hate='{block: 1.00}')}\n")
    assert one.revision == other.revision


def test_the_revision_changes_with_any_threshold_verdict_or_word() -> None:
    text = document_text("signals:\n  work.named: {verdict: review}\n")
    variants = [
        text,
        text.replace("verdict: review", "verdict: block"),
        text.replace("About hate.", "About hatred."),
        text.replace("name: small", "name: smaller"),
    ]
    assert len({parse_document(variant, name="v.yaml").revision for variant in variants}) == 4


def test_the_revision_is_short_and_says_how_it_was_made() -> None:
    kind, _, digits = DEFAULT.revision.partition(":")
    assert (kind, len(digits)) == ("sha256", 12)


def test_a_document_can_be_read_again_from_its_canonical_content() -> None:
    again = parse_document(DEFAULT.content, name="stored")
    assert again.revision == DEFAULT.revision
    assert again.signals == DEFAULT.signals
    assert again.contexts == DEFAULT.contexts


def test_a_loaded_document_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULT.revision = "sha256:0"  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        DEFAULT.signals["work.named"] = DEFAULT.signals["figure.living"]  # type: ignore[index]  # the point of the test


def test_a_threshold_of_zero_means_off_and_says_so() -> None:
    levels = thresholds(shock="{review: 0, block: 0.8}", hate="{review: 0, block: 0}")
    policy = document(f"signals:\n  text.classifier:\n    thresholds: {levels}\n")
    assert policy.signals["text.classifier"].thresholds[Category.SHOCK] == Threshold(None, 0.8)
    assert notices(policy, "threshold_off") == [
        "small.yaml:5: text.classifier / hate: the threshold for review and block is off (0); "
        "findings have no effect\n  hint: write a score above 0 to switch it on [policy.threshold_off]",
        "small.yaml:5: text.classifier / shock: the threshold for review is off (0); no score leads to review\n"
        "  hint: write a score above 0 to switch it on [policy.threshold_off]",
    ]


def test_what_is_off_alike_in_one_signal_is_one_line_that_names_all_of_it_and_the_first_place() -> None:
    off = {"sexual": "{review: 0.5}", "hate": "{review: 0, block: 0}", "shock": "{review: 0.5, block: 0}"}
    levels = "".join(f"      {one}: {off.get(one, '{review: 0.5, block: 0.9}')}\n" for one in Category)
    policy = document(f"signals:\n  guard.text:\n    thresholds:\n{levels}  work.named: {{verdict: allow}}\n")
    *said, _, _ = map(str, gathered(policy.notices))
    assert "\n".join(said) == (
        "small.yaml:7: guard.text / sexual, shock: the threshold for block is off (0); no score leads to block\n"
        "  hint: write a score above 0 to switch it on [policy.threshold_off]\n"
        "small.yaml:10: guard.text / hate: the threshold for review and block is off (0); findings have no effect\n"
        "  hint: write a score above 0 to switch it on [policy.threshold_off]\n"
        "small.yaml:19: work.named: switched off (allow); findings are recorded and have no effect\n"
        "  hint: write review or block to use it [policy.signal_off]"
    )


def test_a_fact_switched_off_says_so() -> None:
    policy = document("signals:\n  work.named: {verdict: allow}\n")
    assert notices(policy, "signal_off") == [
        "small.yaml:4: work.named: switched off (allow); findings are recorded and have no effect\n"
        "  hint: write review or block to use it [policy.signal_off]"
    ]


def test_signals_left_out_are_listed_with_what_follows() -> None:
    review, block = gathered(document("signals:\n  work.named: {verdict: review}\n").notices)
    assert {*review.names, *block.names} == SIGNALS.keys() - {"work.named"}
    assert set(block.names) == {name for name, signal in SIGNALS.items() if signal.fixed}
    assert str(review).startswith("small.yaml:3: account.quota_exhausted, account.rate_limited, ")
    assert review.message.endswith(", work.unlicensed: not mentioned; a finding is a review")
    assert block.message.endswith(", text.absolute: not mentioned; a finding is a block")
