"""When a rule floods: shares compared by the cautious bound of each, and what is above every document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.document import PolicyDocument
from policies.evaluation.intervals import Share
from policies.lifecycle.floods import FloodRule, loosens_absolute, untouchable
from tests.support.policies import document

RULE = FloodRule(factor=5, min_decisions=200)


@pytest.mark.parametrize(
    ("now", "usual", "floods"),
    [
        (Share(100, 200), Share(10, 1000), True),  # half, usually a hundredth
        (Share(10, 200), Share(10, 1000), False),  # five times, but not by the cautious bounds
        (Share(12, 240), Share(0, 240), False),  # never before is no proof: up to 1.6 % might have been usual
        (Share(60, 240), Share(0, 240), True),
        (Share(100, 199), Share(10, 1000), False),  # too few of late
        (Share(100, 200), Share(1, 199), False),  # too few before
    ],
)
def test_a_flood_is_many_times_the_usual_share_beyond_doubt(now: Share, usual: Share, floods: bool) -> None:
    assert RULE.floods(now, usual) is floods


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_factor_of_0_is_off(now: int, usual: int) -> None:
    assert not FloodRule(0, 1).floods(Share(now, 500), Share(usual, 500))


@given(st.integers(200, 2000), st.integers(0, 2000))
def test_the_usual_share_is_never_a_flood(n: int, hits: int) -> None:
    share = Share(min(hits, n), n)
    assert not FloodRule(1, 200).floods(share, share)


@pytest.mark.parametrize(
    ("rule", "above"),
    [
        ("absolute:minors", True),
        ("text.classifier:minors", True),
        ("likeness.revoked", True),
        ("text.absolute", True),
        ("text.classifier:hate", False),
        ("work.named", False),
        ("context:feed", False),
    ],
)
def test_what_no_document_may_weaken_no_guard_undoes(rule: str, above: bool) -> None:
    assert untouchable(rule) is above


PLAIN = "signals:\n  image.weapon: {{thresholds: {{violence: {{block: 0.5}}}}}}\n  work.named: {{verdict: {title}}}\n"
YOUNG = (
    "combinations:\n  young: {{all_of: [{parts}], scores: {{'image.weapon:violence': {level}}}, "
    "category: {of}, verdict: block}}\n"
)
CONTEXT = "contexts:\n  young: {{when_any: [{when}], review_becomes_block: [{of}]}}\n"


def of(text: str, **words: str) -> PolicyDocument:
    """A document of this section and a few signals."""
    plain = {"title": "review", "parts": "image.weapon", "level": "0.3", "of": "minors", "when": "feed"}
    return document((PLAIN + text).format(**{**plain, **words}))


@pytest.mark.parametrize(
    ("now", "before", "loosens"),
    [
        (of(YOUNG), of(""), True),  # the rule would be gone
        (of(""), of(YOUNG), False),
        (of(YOUNG), of(YOUNG, level="0.4"), True),
        (of(YOUNG, level="0.4"), of(YOUNG), False),
        (of(YOUNG), of(YOUNG, parts="image.weapon, work.named"), True),
        (of(YOUNG, of="hate"), of("", of="hate"), False),
        (of(CONTEXT), of(CONTEXT, when="under_18"), False),  # another circumstance is neither more nor less
        (of(CONTEXT, when="feed, under_18"), of(CONTEXT), True),
        (of(CONTEXT, of="minors, hate"), of(CONTEXT, of="hate"), True),
        (of(CONTEXT, of="minors, hate"), of(CONTEXT, of="minors"), False),
        (of(YOUNG, title="block"), of(YOUNG, title="review"), False),  # what the flood was about
    ],
)
def test_a_way_back_that_loosens_what_is_said_of_minors_is_none(
    now: PolicyDocument, before: PolicyDocument, loosens: bool
) -> None:
    assert loosens_absolute(now, before) is loosens
