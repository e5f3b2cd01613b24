"""Combinations of scores: evidence that counts together from levels at which no part counts alone."""

import pytest

from policies.document import shipped_document
from policies.engine import rule
from policies.findings import Finding
from policies.loading.problems import PolicyInvalid
from policies.taxonomy import Category, Verdict
from tests.support.policies import ADULT_AT_REQUEST, document, finding, report

DEFAULT = shipped_document()


def verdict(*findings: Finding) -> Verdict:
    return rule(DEFAULT, [report(*findings)], ADULT_AT_REQUEST).verdict


def nudity(score: float) -> Finding:
    return finding("image.nudity", Category.SEXUAL, score)


def weapon(score: float) -> Finding:
    return finding("image.weapon", Category.VIOLENCE, score)


def words(category: Category, score: float = 0.17) -> Finding:
    return finding("text.classifier", category, score)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (nudity(0.3), words(Category.SEXUAL)),
        (nudity(0.3), words(Category.MINORS)),
        (weapon(0.6), words(Category.VIOLENCE)),
        (weapon(0.6), words(Category.ILLICIT)),
        (weapon(0.6), words(Category.SELF_HARM)),
        (weapon(0.6), words(Category.HARASSMENT)),
    ],
)
def test_a_picture_and_its_prompt_are_a_review_together_where_neither_is_alone(
    picture: Finding, said: Finding
) -> None:
    assert verdict(picture) is verdict(said) is Verdict.ALLOW
    assert verdict(picture, said) is Verdict.REVIEW


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (nudity(0.2), words(Category.SEXUAL)),
        (nudity(0.3), words(Category.SEXUAL, 0.14)),
        (nudity(0.3), words(Category.VIOLENCE)),
        (weapon(0.4), words(Category.VIOLENCE)),
        (weapon(0.6), words(Category.SEXUAL)),
    ],
)
def test_a_faint_score_or_another_subject_changes_nothing(picture: Finding, said: Finding) -> None:
    assert verdict(picture, said) is Verdict.ALLOW


def test_an_unconsented_face_makes_a_review_of_sexual_words_a_block_for_both_reasons() -> None:
    face = finding("reference.face_unconsented", Category.PRIVATE_PERSON)
    ruling = rule(DEFAULT, [report(face, words(Category.SEXUAL, 0.4))], ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.category) == (Verdict.BLOCK, Category.SEXUAL)


COMBINED = "signals:\n  image.nudity: {{thresholds: {{sexual: {{review: 0.5, block: 0.8}}}}}}\ncombinations:\n  c: {}\n"


@pytest.mark.parametrize(
    ("combination", "message"),
    [
        ("{category: sexual, verdict: review}", "combination c has no parts"),
        ("{scores: {image.nudty: 0.3}, category: sexual, verdict: review}", "'image.nudty' is no score"),
        ("{scores: {image.nudity: 0}, category: sexual, verdict: review}", "counts from 0"),
        ("{scores: {image.nudity: 1.5}, category: sexual, verdict: review}", "outside|too small|1.5"),
    ],
)
def test_a_combination_that_could_never_or_always_fire_is_refused(combination: str, message: str) -> None:
    with pytest.raises(PolicyInvalid, match=message):
        document(COMBINED.format(combination))


def test_parts_that_fired_and_scores_are_both_needed() -> None:
    both = document(
        "signals:\n  work.named: {verdict: review}\n  image.nudity: {thresholds: {sexual: {review: 0.5, block: 0.8}}}\n"
        "combinations:\n  c: {all_of: [work.named], scores: {image.nudity: 0.3}, category: works, verdict: block}\n"
    )
    named = finding("work.named", Category.WORKS)

    def of(*findings: Finding) -> Verdict:
        return rule(both, [report(*findings)], ADULT_AT_REQUEST).verdict

    assert of(named) is Verdict.REVIEW
    assert of(nudity(0.4)) is Verdict.ALLOW
    assert of(named, nudity(0.4)) is Verdict.BLOCK
