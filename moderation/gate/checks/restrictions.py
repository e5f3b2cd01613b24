"""Does the scene keep to the rules of each owner whose likeness it shows? Asked of the request and of the finished clip."""

from collections.abc import Sequence

from consent.likeness.restrictions import Breach, Compiled, judge
from moderation.gate.checks.text import TextModel, spoken
from moderation.gate.checks.writing import signs_of, unsaid
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import LikenessUse, OutputSubject, RequestSubject
from policies.findings import Finding, TextSpan, WholeField
from policies.taxonomy import Category
from policies.text.normalise import NormalisedText, normalise

REVISION = "2"
SHOWN_FROM = 0.5
"""A category counts as shown from this calibrated probability on: more likely than not."""


class RequestRestrictionsCheck:
    """The owners' restrictions against the prompt."""

    name = "request.restrictions"
    tier = 1

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = f"{REVISION}+{revision}"

    def idle(self, subject: RequestSubject) -> bool:
        """Whether no owner restricts anything."""
        return not any(use.restrictions for use in subject.likenesses)

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`likeness.restricted` where a rule speaks against the prompt; `likeness.restriction_unclear` for a person."""
        return self.findings(subject.likenesses, subject.prompt)

    def findings(self, likenesses: Sequence[LikenessUse], prompt: str, said: str = "") -> list[Finding]:
        """The breaches of all restrictions by the prompt and what is said, as a reader sees them."""
        if not any(use.restrictions for use in likenesses):
            return []
        text = normalise(f"{prompt}\n{said}" if said else prompt)
        categories = self._categories(text)
        return [
            self._finding(breach, text, len(prompt))
            for use in likenesses
            for restriction in use.restrictions
            for breach in judge(
                restriction.id,
                use.likeness_id,
                restriction.words,
                Compiled(restriction.refused, restriction.not_understood),
                categories=categories,
                text=text.text,
            )
        ]

    def _categories(self, text: NormalisedText) -> frozenset[str]:
        if not text.text:
            return frozenset()
        found = self._model.get().findings(text, field="prompt", signal="text.classifier", check=self.name)
        return frozenset(f.category.value for f in found if f.category and f.score >= SHOWN_FROM)

    def _finding(self, breach: Breach, text: NormalisedText, prompt_length: int) -> Finding:
        signal = "likeness.restricted" if breach.certain else "likeness.restriction_unclear"
        where = _place(text, breach, prompt_length)
        return Finding(Category.PRIVATE_PERSON, signal, 1.0, where, self.name, self.revision, breach.words)


class OutputRestrictionsCheck(RequestRestrictionsCheck):
    """The owners' restrictions, as they stand now, against the prompt, what is said in the clip, and what is written in it."""

    name = "output.restrictions"

    def idle(self, subject: OutputSubject) -> bool:  # type: ignore[override]  # another stage's subject
        """As for a request, of those who may be shown."""
        return not any(use.restrictions for use in subject.approved)

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:  # type: ignore[override]  # another stage's subject
        """As `RequestRestrictionsCheck`, on the prompt, the transcript and the signs together."""
        said = [utterance.text for utterance in spoken(subject)]
        written = [sign.text for sign in unsaid(signs_of(subject.output), subject.prompt)]
        return self.findings(subject.approved, subject.prompt, " ".join((*said, *written)))


def _place(text: NormalisedText, breach: Breach, prompt_length: int) -> TextSpan | WholeField:
    """The typed word that shows it; what lies behind the prompt was said."""
    if not breach.end:
        return WholeField("prompt")
    start, end = text.original_span(breach.start, breach.end)
    return TextSpan("prompt", start, end) if start < prompt_length else WholeField("transcript")
