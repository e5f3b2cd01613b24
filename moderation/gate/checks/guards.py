"""What an operator's guard models say, as findings beside those of the shipped models: the strictest rules.

They come last: what a quicker check blocks costs no GPU. A guard that is late, out of memory or not there could not judge.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.frames import media_of
from moderation.gate.checks.outputs import strongest
from moderation.gate.checks.remix import chain_of
from moderation.gate.checks.text import spoken, strongest_per_category
from moderation.gate.checks.writing import Sign, signs_of, unsaid, whole
from moderation.gate.guards import PictureReview, TextReview
from moderation.gate.subjects import Media, OutputSubject, RequestSubject, Subject
from policies.findings import AudioInterval, Finding, FrameBox, TextSpan, Where
from policies.taxonomy import Category

TEXT_SIGNAL, PICTURE_SIGNAL = "guard.text", "guard.image"
TIER = 2

S = TypeVar("S", bound=Subject)
Passage = tuple[str, Where]
"""A text, and where it stands."""


class TextGuardCheck(Generic[S]):
    """The text guard on the passages that `read` finds in a subject. `idle`: where it is quick, for nothing is there."""

    tier = TIER

    def __init__(
        self,
        name: str,
        review: TextReview,
        read: Callable[[S], Iterable[Passage]],
        idle: Callable[[S], bool] | None = None,
    ) -> None:
        self.name = name
        self.idle = idle
        self._review = review
        self._read = read

    @property
    def revision(self) -> str:
        """Of the guard, and of the policy that it is told."""
        return self._review.revision

    def examine(self, subject: S) -> Sequence[Finding]:
        """`guard.text` for each category that the guard sees, at the passage: it does not say where in it."""
        revision = self.revision
        found = [
            Finding(hit.category, TEXT_SIGNAL, hit.score, where, self.name, revision, hit.label)
            for text, where in self._read(subject)
            for hit in self._review.hits(text)
        ]
        return strongest_per_category(found)


def prompt_guard(review: TextReview) -> TextGuardCheck[RequestSubject]:
    """The prompt, and where it remixes something, the prompts of the chain as one text: a guard reads what adds up."""
    return TextGuardCheck("prompt.guard", review, _prompt, idle=_says_nothing)


def reference_text_guard(review: TextReview) -> TextGuardCheck[RequestSubject]:
    """What is written in reference pictures, read after the prompt."""
    return TextGuardCheck(
        "reference.guard_text", review, _in_references, idle=lambda subject: not subject.references
    )


def output_text_guard(review: TextReview) -> TextGuardCheck[OutputSubject]:
    """What is said in the clip, and what is written in it. What only repeats a prompt that was judged is left out."""
    return TextGuardCheck("output.guard_text", review, lambda subject: [*_said(subject), *_written(subject)])


class PictureGuardCheck:
    """What the picture guard saw in references, or in the clip."""

    instant = True
    tier = TIER

    def __init__(self, name: str, review: PictureReview) -> None:
        self.name = name
        self._review = review

    @property
    def revision(self) -> str:
        """As `TextGuardCheck`."""
        return self._review.revision

    def examine(self, subject: Subject) -> Sequence[Finding]:
        """`guard.image` for each category, at the frame of each file with the highest score."""
        return [finding for media in media_of(subject) for finding in self._of(media)]

    def _of(self, media: Media) -> list[Finding]:
        if media.guard.value is None:
            raise CouldNotJudge(media.guard.cause, media.asset)
        revision = self.revision
        found = [
            Finding(
                Category(hit.category), PICTURE_SIGNAL, hit.score,
                FrameBox(media.asset, hit.time_s, 0.0, 0.0, 1.0, 1.0), self.name, revision, hit.label,
            )
            for hit in media.guard.value
        ]  # fmt: skip
        return strongest(found)


def _says_nothing(subject: RequestSubject) -> bool:
    return not subject.prompt.strip() and not subject.remix_prompts


def _prompt(subject: RequestSubject) -> Iterator[Passage]:
    where = TextSpan("prompt", 0, len(subject.prompt))
    if subject.prompt.strip():
        yield subject.prompt, where
    if subject.remix_prompts:
        yield chain_of(subject), where


def _in_references(subject: RequestSubject) -> list[Passage]:
    """All signs are read before the first is judged: where one cannot be, no guard is asked."""
    signs = [sign for media in media_of(subject) for sign in whole(signs_of(media))[-1:]]
    return [(f"{subject.prompt.strip()}\n{sign.text}".strip(), _place(sign)) for sign in signs]


def _said(subject: OutputSubject) -> Iterator[Passage]:
    said = [one for one in spoken(subject) if one.text.strip()]
    if said:
        where = AudioInterval(subject.output.asset, said[0].start_s, said[-1].end_s)
        yield " ".join(one.text for one in said), where


def _written(subject: OutputSubject) -> Iterator[Passage]:
    before = subject.prompt if subject.prompt_judged else ""
    for media in media_of(subject):
        for sign in unsaid(whole(signs_of(media)), before)[-1:]:
            yield sign.text, _place(sign)


def _place(sign: Sign) -> FrameBox:
    return sign.place(0, len(sign.text))
