"""What changes between two policies, in sentences with a direction."""

import pytest

from policies.document import parse_document, shipped_document
from policies.lifecycle.diff import Change, diff
from tests.support.policies import document_text, thresholds

BASE = document_text(
    f"""
signals:
  text.classifier:
    thresholds: {thresholds(shock="{review: 0, block: 0.8}")}
  work.named: {{verdict: review}}
contexts:
  young: {{when_any: [under_18], review_becomes_block: [sexual, minors]}}
combinations:
  both: {{all_of: [work.named, "text.classifier:shock"], category: shock, verdict: review}}
unjudged:
  timeout: review
"""
)


def changes(old: str, new: str) -> list[str]:
    assert old in BASE
    before, after = parse_document(BASE, name="a.yaml"), parse_document(BASE.replace(old, new), name="b.yaml")
    return [str(change) for change in diff(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "hate: {review: 0.5, block: 0.8}",
            "hate: {review: 0.5, block: 0.7}",
            "signals / text.classifier / thresholds / hate / block: 0.8 -> 0.7 (stricter)",
        ),
        (
            "hate: {review: 0.5, block: 0.8}",
            "hate: {review: 0.6, block: 0.8}",
            "signals / text.classifier / thresholds / hate / review: 0.5 -> 0.6 (looser)",
        ),
        (
            "hate: {review: 0.5, block: 0.8}",
            "hate: {review: 0, block: 0.8}",
            "signals / text.classifier / thresholds / hate / review: 0.5 -> 0 (looser)",
        ),
        (
            "shock: {review: 0, block: 0.8}",
            "shock: {review: 0.2, block: 0.8}",
            "signals / text.classifier / thresholds / shock / review: 0 -> 0.2 (stricter)",
        ),
        (
            "shock: {review: 0, block: 0.8}",
            "shock: {block: 0.8}",
            "signals / text.classifier / thresholds / shock / review: removed: 0",
        ),
        (
            "work.named: {verdict: review}",
            "work.named: {verdict: block}",
            "signals / work.named / verdict: review -> block (stricter)",
        ),
        (
            "work.named: {verdict: review}",
            "work.named: {verdict: allow}",
            "signals / work.named / verdict: review -> allow (looser)",
        ),
        ("timeout: review", "timeout: block", "unjudged / timeout: review -> block (stricter)"),
        (
            "review_becomes_block: [sexual, minors]",
            "review_becomes_block: [minors]",
            "contexts / young / review_becomes_block: minors, sexual -> minors (looser)",
        ),
        (
            "when_any: [under_18]",
            "when_any: [under_18, feed]",
            "contexts / young / when_any: under_18 -> feed, under_18 (stricter)",
        ),
        (
            "when_any: [under_18]",
            "when_any: [feed]",
            "contexts / young / when_any: under_18 -> feed",
        ),
        (
            'all_of: [work.named, "text.classifier:shock"]',
            "all_of: [work.named]",
            "combinations / both / all_of: text.classifier:shock, work.named -> work.named (stricter)",
        ),
        (
            'all_of: [work.named, "text.classifier:shock"], ',
            'all_of: [work.named, "text.classifier:shock"], scores: {"text.classifier:hate": 0.4}, ',
            'combinations / both / scores: added: {"text.classifier:hate": 0.4} (looser)',
        ),
        (
            "  both: {",
            '  more: {scores: {"text.classifier:hate": 0.4}, category: hate, verdict: review}\n  both: {',
            'combinations / more: added: {"category": "hate", "scores": {"text.classifier:hate": 0.4}, '
            '"verdict": "review"} (stricter)',
        ),
        (
            "contexts:\n",
            "contexts:\n  open: {when_any: [feed]}\n",
            'contexts / open: added: {"when_any": ["feed"]} (stricter)',
        ),
        (
            "unjudged:\n  timeout: review\n",
            "",
            "unjudged / timeout: removed: review",
        ),
        (
            "  work.named: {verdict: review}\n",
            "  work.named: {verdict: review}\n  figure.living: {verdict: block}\n",
            "signals / figure.living / verdict: added: block (stricter)",
        ),
        ("About hate.", "On hatred.", "reasons / hate / user: About hate. -> On hatred."),
    ],
)
def test_one_change_is_one_sentence_with_its_direction(old: str, new: str, sentence: str) -> None:
    assert changes(old, new) == [sentence]


def test_a_combination_that_counts_from_a_lower_score_is_stricter() -> None:
    text = BASE.replace("  both: {", '  both: {scores: {"text.classifier:hate": 0.4}, ')
    before, after = (parse_document(text.replace("0.4", level), name="a") for level in ("0.4", "0.3"))
    (change,) = diff(before, after)
    assert (str(change).rpartition(": ")[2], change.effect) == ("0.4 -> 0.3 (stricter)", "stricter")


def test_a_combination_taken_away_is_looser() -> None:
    start = BASE.index("combinations:")
    without = BASE[:start] + "combinations: {}\n" + BASE[BASE.index("unjudged:\n  timeout") :]
    before, after = parse_document(BASE, name="a"), parse_document(without, name="b")
    (change,) = diff(before, after)
    assert (change.path, change.effect) == (("combinations", "both"), "looser")


def test_equal_policies_have_no_difference_whatever_their_files_look_like() -> None:
    assert changes("[sexual, minors]", "[minors, sexual]") == []
    assert changes("name: small\n", "name: small # the same\n") == []
    assert diff(shipped_document(), shipped_document()) == ()


def test_changes_come_in_the_order_of_their_paths() -> None:
    before = parse_document(BASE, name="a")
    text = BASE.replace("About hate.", "On hatred.").replace("About works.", "On works.")
    after = parse_document(text.replace("timeout: review", "timeout: block"), name="b")
    paths = [change.path for change in diff(before, after)]
    assert paths == sorted(paths)
    assert len(paths) == 3


def test_a_difference_read_backwards_turns_its_direction() -> None:
    before = parse_document(BASE, name="a")
    after = parse_document(
        BASE.replace("work.named: {verdict: review}", "work.named: {verdict: block}"), name="b"
    )
    assert diff(before, after) == (
        Change(("signals", "work.named", "verdict"), "review", "block", "stricter"),
    )
    assert diff(after, before) == (Change(("signals", "work.named", "verdict"), "block", "review", "looser"),)
