"""The texts a policy author reads when a document is wrong: golden, because they are a product."""

from pathlib import Path

import pytest

from policies.document import MAX_BYTES, load_document, parse_document
from policies.loading.problems import PolicyInvalid
from tests.support.policies import document_text, thresholds


def complaints(text: str) -> str:
    with pytest.raises(PolicyInvalid) as refused:
        parse_document(text, name="mine.yaml")
    assert refused.value.code == "policy.invalid"
    assert str(refused.value) == "\n".join(str(problem) for problem in refused.value.problems)
    return str(refused.value)


def of_body(body: str, reasons: str = "") -> str:
    return complaints(document_text(body, reasons=reasons))


def nudity(level: str) -> str:
    return f"signals:\n  image.nudity:\n    thresholds:\n      sexual: {level}\n"


GOLDEN = {
    "an unknown category": (
        "signals:\n  image.nudity:\n    thresholds:\n      sexuall: {review: 0.5}\n",
        "mine.yaml:6: 'sexuall' is no category of the policy (in signals / image.nudity / thresholds)\n"
        "  hint: did you mean 'sexual'? [policy.unknown_category]",
    ),
    "an unknown category in a context": (
        "signals:\n  work.named: {verdict: review}\n"
        "contexts:\n  feed:\n    when_any: [feed]\n    review_becomes_block:\n      - gore\n",
        "mine.yaml:9: 'gore' is no category of the policy (in contexts / feed / review_becomes_block / 0)\n"
        "  hint: the categories are: deception, harassment, hate, illicit, minors, politics, private_person, "
        "public_figure, self_harm, sexual, shock, violence, works [policy.unknown_category]",
    ),
    "an unknown signal": (
        "signals:\n  figure.livng: {verdict: block}\n",
        "mine.yaml:4: 'figure.livng' is no signal that any check gives\n"
        "  hint: did you mean 'figure.living'? [policy.unknown_signal]",
    ),
    "a threshold above 1": (
        nudity("{review: 0.5, block: 8}"),
        "mine.yaml:6: the threshold signals / image.nudity / thresholds / sexual / block is 8, outside [0, 1]\n"
        "  hint: a score lies in [0, 1]; write 0 to switch the threshold off [policy.threshold_range]",
    ),
    "a threshold below 0": (
        nudity("{review: -0.5}"),
        "mine.yaml:6: the threshold signals / image.nudity / thresholds / sexual / review is -0.5, outside [0, 1]\n"
        "  hint: a score lies in [0, 1]; write 0 to switch the threshold off [policy.threshold_range]",
    ),
    "a threshold that is no number": (
        nudity("{review: .nan}"),
        "mine.yaml:6: .nan is not a number a policy can hold\n"
        "  hint: write a number such as 0.5 [policy.not_a_number]",
    ),
    "a clock without end": (
        "signals:\n  work.named: {verdict: review}\nclocks:\n  dmca: {regime: r, starts: s, duty: d, "
        "at_least: 9007199254740992, unit: hours, source: law}\n",
        "mine.yaml:6: 9007199254740992 is not a number a policy can hold\n"
        "  hint: write a number such as 0.5 [policy.not_a_number]",
    ),
    "a threshold switched off with a word": (
        nudity("{review: off}"),
        "mine.yaml:6: signals / image.nudity / thresholds / sexual / review is False, not a number\n"
        "  hint: YAML reads on, off, yes and no as true or false; write 0 for off [policy.wrong_type]",
    ),
    "review above block": (
        nudity("\n        review: 0.9\n        block: 0.6"),
        "mine.yaml:7: image.nudity / sexual: review starts at 0.9, above block at 0.6\n"
        "  hint: review comes first: lower review or raise block, or write review: 0 to go straight to block "
        "[policy.threshold_order]",
    ),
    "a duplicate key": (
        "signals:\n  work.named: {verdict: review}\n  figure.living: {verdict: block}\n  work.named: {verdict: allow}\n",
        "mine.yaml:6: 'work.named' is given twice; the first is on line 4\n"
        "  hint: keep one of them [policy.duplicate_key]",
    ),
    "a circle of combinations": (
        "signals:\n  work.named: {verdict: review}\ncombinations:\n"
        '  a: {all_of: ["combination:b"], category: works, verdict: block}\n'
        '  b: {all_of: ["combination:c", work.named], category: works, verdict: block}\n'
        '  c: {all_of: ["combination:a"], category: works, verdict: block}\n',
        "mine.yaml:6: combinations refer to each other in a circle: a -> b -> c -> a\n"
        "  hint: remove one of the references; none of these rules could ever be decided "
        "[policy.cyclic_combination]",
    ),
    "a combination that refers to itself": (
        "signals:\n  work.named: {verdict: review}\ncombinations:\n"
        '  a: {all_of: ["combination:a"], category: works, verdict: block}\n',
        "mine.yaml:6: combinations refer to each other in a circle: a -> a\n"
        "  hint: remove one of the references; none of these rules could ever be decided "
        "[policy.cyclic_combination]",
    ),
    "a combination of something that cannot fire": (
        "signals:\n  work.named: {verdict: review}\ncombinations:\n"
        "  a: {all_of: [work.namd], category: works, verdict: block}\n",
        "mine.yaml:6: 'work.namd' is no rule that can fire\n"
        "  hint: did you mean 'work.named'? [policy.unknown_reference]",
    ),
    "a combination that allows": (
        "signals:\n  work.named: {verdict: review}\ncombinations:\n"
        "  a: {all_of: [work.named], category: works, verdict: allow}\n",
        "mine.yaml:6: combination a would allow, but rules only add strictness\n"
        "  hint: write review or block [policy.combination_allows]",
    ),
    "an unknown context": (
        "signals:\n  work.named: {verdict: review}\n"
        "contexts:\n  young: {when_any: [under18], review_becomes_block: [sexual]}\n",
        "mine.yaml:6: 'under18' is no context and no signal\n"
        "  hint: did you mean 'under_18'? [policy.unknown_context]",
    ),
    "a context for a fact": (
        "signals:\n  work.named: {verdict: review}\n"
        "contexts:\n  young: {when_any: [feed], thresholds: {work.named: {works: {block: 0.5}}}}\n",
        "mine.yaml:6: 'work.named' is no scored signal\n"
        "  hint: the scored signals are: frame.text, guard.image, guard.text, image.nudity, "
        "image.weapon, joint.text, speech.classifier, text.classifier [policy.unknown_signal]",
    ),
    "a context that would weaken": (
        nudity("{review: 0.5, block: 0.8}")
        + "contexts:\n  lax: {when_any: [feed], thresholds: {image.nudity: {sexual: {block: 0.9}}}}\n",
        "mine.yaml:8: image.nudity / sexual: block at 0.9 is no stricter than 0.8 without the context\n"
        "  hint: a context only makes rules stricter: lower the threshold or remove it [policy.context_weakens]",
    ),
    "a context that would switch off": (
        nudity("{review: 0.5}")
        + "contexts:\n  lax: {when_any: [feed], thresholds: {image.nudity: {sexual: {block: 0}}}}\n",
        "mine.yaml:8: image.nudity / sexual: block at 0 is no stricter than off without the context\n"
        "  hint: a context only makes rules stricter: lower the threshold or remove it [policy.context_weakens]",
    ),
    "an absolute rule weakened": (
        "signals:\n  text.absolute: {verdict: review}\n",
        "mine.yaml:4: text.absolute always blocks; this document would make it review\n"
        "  hint: absolute rules and revocations stand above every policy: write verdict: block "
        "[policy.weakens_absolute]",
    ),
    "a revocation weakened": (
        "signals:\n  likeness.revoked: {verdict: allow}\n",
        "mine.yaml:4: likeness.revoked always blocks; this document would make it allow\n"
        "  hint: absolute rules and revocations stand above every policy: write verdict: block "
        "[policy.weakens_absolute]",
    ),
    "minors switched off": (
        f"signals:\n  text.classifier:\n    thresholds: {thresholds(minors='{review: 0.5, block: 0}')}\n",
        "mine.yaml:5: text.classifier / minors: the block threshold is switched off, which weakens an absolute rule\n"
        "  hint: no policy may weaken it: write a threshold up to 0.95 [policy.weakens_absolute]",
    ),
    "minors out of reach": (
        f"signals:\n  text.classifier:\n    thresholds: {thresholds(minors='{block: 0.99}')}\n",
        "mine.yaml:5: text.classifier / minors: the block threshold is 0.99, above 0.95, which weakens an absolute rule\n"
        "  hint: no policy may weaken it: write a threshold up to 0.95 [policy.weakens_absolute]",
    ),
    "a classifier without a category": (
        "signals:\n  text.classifier:\n    thresholds: "
        + thresholds().replace(", shock: {review: 0.5, block: 0.8}", "")
        + "\n",
        "mine.yaml:5: text.classifier has no thresholds for 'shock'\n"
        "  hint: add it; review: 0 and block: 0 switch it off [policy.missing_category]",
    ),
    "a category the signal says nothing about": (
        "signals:\n  image.nudity:\n    thresholds: {sexual: {block: 0.8}, hate: {block: 0.8}}\n",
        "mine.yaml:5: image.nudity says nothing about 'hate'\n"
        "  hint: its categories are: sexual [policy.foreign_category]",
    ),
    "a score with a verdict": (
        "signals:\n  image.nudity: {verdict: block}\n",
        "mine.yaml:4: image.nudity is a score and is judged by thresholds\n"
        "  hint: give thresholds per category and no verdict [policy.signal_form]",
    ),
    "a fact with thresholds": (
        "signals:\n  work.named:\n    thresholds: {works: {block: 0.5}}\n",
        "mine.yaml:4: work.named is a fact and is judged by one verdict\n"
        "  hint: give a verdict and no thresholds [policy.signal_form]",
    ),
    "a reason that is not given": (
        "signals:\n  work.named: {verdict: review, reason: work}\n",
        "mine.yaml:4: the reason 'work' is not given\n  hint: did you mean 'works'? [policy.unknown_reason]",
    ),
    "an unknown key": (
        "signal:\n  work.named: {verdict: review}\nsignals:\n  work.named: {verdict: review}\n",
        "mine.yaml:3: 'signal' is no key of the document\n  hint: did you mean 'signals'? [policy.unknown_key]",
    ),
    "an unknown verdict": (
        "signals:\n  work.named: {verdict: deny}\n",
        "mine.yaml:4: signals / work.named / verdict is 'deny', which is not one of its values\n"
        "  hint: the values are: allow, block, review [policy.not_a_choice]",
    ),
    "a check that could not judge allowed": (
        "signals:\n  work.named: {verdict: review}\nunjudged:\n  timeout: allow\n",
        "mine.yaml:6: unjudged / timeout is 'allow', which is not one of its values\n"
        "  hint: the values are: block, review [policy.not_a_choice]",
    ),
    "no signals": (
        "contexts: {}\n",
        "mine.yaml:1: the document lacks 'signals'\n  hint: add it; the shipped policy shows the form [policy.missing_key]",
    ),
    "empty signals": (
        "signals: {}\n",
        "mine.yaml:3: signals is empty\n  hint: fill it in or remove it [policy.empty]",
    ),
    "a list that repeats": (
        "signals:\n  work.named: {verdict: review}\n"
        "contexts:\n  a: {when_any: [feed, feed], review_becomes_block: [works]}\n",
        "mine.yaml:6: contexts / a / when_any names something twice\n"
        "  hint: every list is a set: keep one of each [policy.repeated]",
    ),
    "a name with capitals": (
        "signals:\n  work.named: {verdict: review}\ncontexts:\n  Feed: {when_any: [feed]}\n",
        "mine.yaml:6: 'Feed' is no name (in contexts)\n  hint: names match ^[a-z][a-z0-9_.-]{0,63}$ [policy.bad_name]",
    ),
    "a clock that ends before it begins": (
        "signals:\n  work.named: {verdict: review}\nclocks:\n  dmca:\n    regime: r\n    starts: s\n    duty: d\n"
        "    at_least: 14\n    at_most: 10\n    unit: business_days\n    source: law\n",
        "mine.yaml:11: clock dmca ends before it begins: at most 10, at least 14\n"
        "  hint: swap the two figures [policy.clock_order]",
    ),
    "a clock of no length": (
        "signals:\n  work.named: {verdict: review}\nclocks:\n  dmca: {regime: r, starts: s, duty: d, at_least: 0, "
        "unit: hours, source: law}\n",
        "mine.yaml:6: clocks / dmca / at_least is 0, which is too small\n  hint: write 1 or more [policy.range]",
    ),
    "a date without quotes": (
        "signals:\n  work.named: {verdict: review}\ndescription: 2026-11-01\n",
        "mine.yaml:5: 2026-11-01 is neither text nor a number nor a list\n"
        "  hint: put it in quotes if it is meant as text [policy.not_plain]",
    ),
    "an alias": (
        "signals:\n  work.named: &same {verdict: review}\n  work.unlicensed: *same\n",
        "mine.yaml:5: an alias (*name) is not allowed here\n"
        "  hint: write the value out where it is used [policy.alias]",
    ),
    "a tag": (
        "signals:\n  work.named: {verdict: !!python/name:os.system review}\n",
        "mine.yaml:4: review is neither text nor a number nor a list\n"
        "  hint: put it in quotes if it is meant as text [policy.not_plain]",
    ),
    "text with a colon": (
        "description: one: two\nsignals:\n  work.named: {verdict: review}\n",
        "mine.yaml:3: this is not valid YAML: mapping values are not allowed here\n"
        "  hint: check the indentation here; text that holds a colon needs quotes [policy.syntax]",
    ),
}


@pytest.mark.parametrize(("body", "expected"), GOLDEN.values(), ids=GOLDEN.keys())
def test_the_problem_is_explained_with_file_line_and_hint(body: str, expected: str) -> None:
    assert of_body(body) == expected


REASONS = {
    "a hint for minors": (
        "  minors: {user: u, operator: o, hint: Say it otherwise.}\n",
        "'minors' is given twice",
    ),
    "illegal without a law": (
        "  extra:\n    user: u\n    operator: o\n    dsa:\n      category: STATEMENT_CATEGORY_VIOLENCE\n"
        "      ground: DECISION_GROUND_ILLEGAL_CONTENT\n",
        "the reason extra calls content illegal without saying by which law\n  hint: add legal_ground: the provision "
        "[policy.missing_legal_ground]",
    ),
    "an invented DSA category": (
        "  extra:\n    user: u\n    operator: o\n    dsa: {category: STATEMENT_CATEGORY_VIOLENC, "
        "ground: DECISION_GROUND_ILLEGAL_CONTENT}\n",
        "hint: did you mean 'STATEMENT_CATEGORY_VIOLENCE'? [policy.not_a_choice]",
    ),
}


@pytest.mark.parametrize(("reasons", "expected"), REASONS.values(), ids=REASONS.keys())
def test_problems_of_reasons_are_explained(reasons: str, expected: str) -> None:
    assert expected in of_body("signals:\n  work.named: {verdict: review}\n", reasons)


def test_a_reason_for_minors_never_says_what_would_pass() -> None:
    text = document_text("signals:\n  work.named: {verdict: review}\n")
    text = text.replace("operator: Staff on minors.", "operator: o, hint: Say it otherwise.")
    assert complaints(text) == (
        "mine.yaml:6: the reason for minors gives a hint what would pass\n"
        "  hint: remove it: never for minors [policy.weakens_absolute]"
    )


def test_a_category_without_a_reason_is_refused() -> None:
    text = document_text("signals:\n  work.named: {verdict: review}\n")
    text = text.replace("  hate: {user: About hate., operator: Staff on hate.}\n", "")
    assert complaints(text) == (
        "mine.yaml:5: no reason is given for 'hate'\n"
        "  hint: every verdict is explained: add it [policy.missing_reason]"
    )


def test_a_document_of_another_format_is_refused() -> None:
    text = document_text("signals:\n  work.named: {verdict: review}\n").replace("format: 1", "format: 2")
    assert complaints(text) == (
        "mine.yaml:1: format is 2; this program reads format 1\n  hint: write format: 1 [policy.format]"
    )


def test_every_problem_is_reported_at_once_in_order_of_line() -> None:
    body = "signals:\n  figure.livng: {verdict: block}\n  text.absolute: {verdict: allow}\ncontexts:\n  a: {when_any: [x]}\n"
    lines = [line.split(":")[1] for line in of_body(body).splitlines() if line.startswith("mine.yaml")]
    assert lines == ["4", "5", "7"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a list\n", "just text"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "the policy is empty or not a mapping" in complaints(text)


@pytest.mark.parametrize("text", ["[" * 500, "a: " + "{a: " * 60 + "1" + "}" * 60, "a: \x00"])
def test_hostile_text_is_refused_and_does_not_crash(text: str) -> None:
    assert "policy." in complaints(text)


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert complaints(bomb).startswith("mine.yaml:2: an alias")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match=r"gone\.yaml:1: the policy cannot be read: No such file"):
        load_document(tmp_path / "gone.yaml")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(PolicyInvalid, match="byte 9 is not UTF-8"):
        load_document(tmp_path / "latin.yaml")


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "huge.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(PolicyInvalid, match="larger than 1,000,000 bytes"):
        load_document(tmp_path / "huge.yaml")
