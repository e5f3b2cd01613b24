"""The stricter rules of POLICY.md as a table: every category in every circumstance and their combinations, at every stage.

Read from the page, not from the document: a likeness of somebody real makes four categories block, anybody under 18 another four,
and the feed always counts as under 18. Graphic violence under 18 has its own threshold, and its own test.
"""

from itertools import product

import pytest

from policies.document import shipped_document
from policies.engine import rule
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import certain, report, unclear

DEFAULT = shipped_document()
C = Category
PLAIN_AND_STRICT: list[dict[str, bool]] = [{}, {"adult": False}, {"real_person": True}]
REAL_PERSON = {C.SEXUAL, C.VIOLENCE, C.HARASSMENT, C.DECEPTION}
UNDER_18 = {C.MINORS, C.SEXUAL, C.SELF_HARM, C.ILLICIT}

CIRCUMSTANCES = {
    "an adult, nobody real": ({}, set()),
    "under 18": ({"adult": False}, UNDER_18),
    "the feed": ({"feed": True}, UNDER_18),
    "a minor present": ({"minor_present": True}, UNDER_18),
    "a real person": ({"real_person": True}, REAL_PERSON),
    "a real person, under 18": ({"real_person": True, "adult": False}, REAL_PERSON | UNDER_18),
    "a real person in the feed": ({"real_person": True, "feed": True}, REAL_PERSON | UNDER_18),
    "a real person beside a minor": ({"real_person": True, "minor_present": True}, REAL_PERSON | UNDER_18),
}


def context(stage: Stage, said: dict[str, bool]) -> PolicyContext:
    plain = {"adult": True, "feed": False, "real_person": False, "minor_present": False}
    return PolicyContext(stage, **{**plain, **said})


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("said", "blocking"), CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
@pytest.mark.parametrize("signal", ["text.classifier", "speech.classifier", "frame.text", "joint.text"])
def test_what_is_held_for_an_adult_blocks_where_the_page_says_so(
    stage: Stage, said: dict[str, bool], blocking: set[Category], signal: str
) -> None:
    expected = blocking | (UNDER_18 if stage is Stage.PUBLISH else set())  # publishing is the feed
    got = {
        category
        for category in Category
        if rule(DEFAULT, [report(unclear(category, signal))], context(stage, said)).verdict is Verdict.BLOCK
    }
    assert got == expected


@pytest.mark.parametrize(("category", "said"), list(product(Category, PLAIN_AND_STRICT)))
def test_what_blocks_for_an_adult_blocks_for_everybody(category: Category, said: dict[str, bool]) -> None:
    for stage in Stage:
        ruling = rule(DEFAULT, [report(certain(category))], context(stage, said))
        assert (ruling.verdict, ruling.category) == (Verdict.BLOCK, category)
