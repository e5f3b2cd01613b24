"""Which texts an operator's guard is asked about at the prompt, with a guard that only takes down what it is shown."""

from moderation.gate.checks.guards import prompt_guard
from moderation.gate.guards import TextReview
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import RequestSubject
from moderation.guard_models.hits import Hit
from policies.document import PolicyDocument, shipped_document
from policies.findings import TextSpan, Where
from policies.taxonomy import Category
from tests.support.subjects import request


class TakesDown:
    """A guard that sees violence where a gun is aimed."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def judge(self, text: str, policy: PolicyDocument) -> list[Hit]:
        self.asked.append(text)
        return [Hit(Category.VIOLENCE, 1.0, "S1")] if "gun" in text and "aims" in text else []

    def revision(self, policy: PolicyDocument) -> str:
        return "takes down"


def asked_of(subject: RequestSubject) -> tuple[list[str], list[Where]]:
    """What the guard was shown, and where it found something."""
    guard = TakesDown()
    check = prompt_guard(TextReview(Lazy(lambda: guard), shipped_document))
    found = [finding.where for finding in check.examine(subject)]
    return guard.asked, found


def test_a_prompt_is_shown_to_the_guard_as_it_is() -> None:
    assert asked_of(request("he aims at us")) == (["he aims at us"], [])


def test_an_empty_prompt_is_shown_to_no_guard() -> None:
    assert asked_of(request("  ")) == ([], [])


def test_a_remix_is_shown_with_the_prompts_it_grew_from() -> None:
    asked, found = asked_of(request("he aims at us", remix_prompts=("a man lifts the gun",)))
    assert asked == ["he aims at us", "a man lifts the gun\nhe aims at us"]
    assert found == [TextSpan("prompt", 0, 13)]
