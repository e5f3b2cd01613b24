"""Scores and context put together: findings by rule beside the classifier's, in its signal, for the policy document to judge.

A rule is no probability: what it finds carries a score that every shipped policy sends to a person, and none blocks by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from policies.findings import Finding, TextSpan
from policies.taxonomy import Category
from policies.text.context.extremism import approval_in
from policies.text.context.instructions import instructions_in
from policies.text.context.people import PersonMeant, people_meant
from policies.text.normalise import NormalisedText

REVISION = "context-3"
"""Grows with every change to a rule of this package: decisions pin it."""
CHECK = "text.context"
DOUBT_SCORE = 0.5
"""A review under every shipped threshold of prompts, never an allow and never a block by itself."""
COUNTS_FROM = 0.15
"""The score from which a category counts against somebody the speaker knows: too low to hold a scene with invented people."""
AGAINST_A_PERSON = frozenset({Category.HARASSMENT, Category.SEXUAL, Category.DECEPTION})
"""POLICY.md, row `harassment` and the stricter rules: what is worse because somebody real is meant."""


def in_context(text: NormalisedText, field: str, scored: Sequence[Finding]) -> Iterator[Finding]:
    """What the rules find in the text about the input field `field`, given what the classifier scored it."""
    people = list(people_meant(text.text))
    for person in people:
        if person.name:
            yield _found(Category.PRIVATE_PERSON, text, field, (person.start, person.end), "people.named")
            break
    if people:
        yield from _against(people[0], text, field, scored)
    approval = approval_in(text.text)
    if approval is not None:
        yield _found(Category.HATE, text, field, (approval.start, approval.end), "extremism.approved")
    steps = instructions_in(text.text)
    if steps is not None:
        yield _found(Category.ILLICIT, text, field, (steps.start, steps.end), "instructions.usable")


def _against(
    person: PersonMeant, text: NormalisedText, field: str, scored: Sequence[Finding]
) -> Iterator[Finding]:
    for finding in scored:
        if finding.category in AGAINST_A_PERSON and COUNTS_FROM <= finding.score < DOUBT_SCORE:
            yield _found(finding.category, text, field, (person.start, person.end), "people.meant")


def milder(plain: Sequence[Finding], without: Sequence[Finding]) -> list[Finding]:
    """The findings of the plain text, each no higher than in the text without what it rules out. Minors are never milder."""
    scores = {finding.category: finding.score for finding in without}
    lowered = (
        finding
        if finding.category is Category.MINORS or finding.score <= scores.get(finding.category, 0.0)
        else replace(finding, score=scores.get(finding.category, 0.0))
        for finding in plain
    )
    return [finding for finding in lowered if finding.score > 0.0]


def _found(
    category: Category | None, text: NormalisedText, field: str, span: tuple[int, int], rule: str
) -> Finding:
    where = TextSpan(field, *text.original_span(*span))
    return Finding(category, "text.classifier", DOUBT_SCORE, where, CHECK, REVISION, rule)
