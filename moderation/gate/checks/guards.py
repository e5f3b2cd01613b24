"""What an operator's guard models say, as findings beside those of the shipped models: the strictest rules.

They come last: what a quicker check blocks costs no GPU. A guard that is late, out of memory or not there could not judge.
"""

from collections.abc import Iterable, Sequence

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.frames import media_of
from moderation.gate.checks.outputs import strongest
from moderation.gate.checks.text import spoken, strongest_per_category
from moderation.gate.checks.writing import Sign, signs_of, unsaid, whole
from moderation.gate.guards import PictureReview, TextReview
from moderation.gate.subjects import Media, OutputSubject, RequestSubject, Subject
from policies.findings import AudioInterval, Finding, FrameBox, TextSpan, Where
from policies.taxonomy import Category

TEXT_SIGNAL, PICTURE_SIGNAL = "guard.text", "guard.image"
TIER = 2


class PromptGuardCheck:
    """The prompt."""

    name = "prompt.guard"
    tier = TIER

    def __init__(self, review: TextReview) -> None:
        self._review = review

    @property
    def revision(self) -> str:
        """Of the guard, and of the policy that it is told."""
        return self._review.revision

    def idle(self, subject: RequestSubject) -> bool:
        """Whether there is no prompt."""
        return not subject.prompt.strip()

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`guard.text` for each category that the guard sees; it does not say where."""
        said = subject.prompt
        return _said(self._review, self.name, [(said, TextSpan("prompt", 0, len(said)))])


class ReferenceGuardTextCheck:
    """What is written in reference pictures, read after the prompt."""

    name = "reference.guard_text"
    tier = TIER

    def __init__(self, review: TextReview) -> None:
        self._review = review

    @property
    def revision(self) -> str:
        """As `PromptGuardCheck`."""
        return self._review.revision

    def idle(self, subject: RequestSubject) -> bool:
        """Whether there is no picture to read."""
        return not subject.references

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`guard.text` at the frame that is written on."""
        signs = [sign for media in media_of(subject) for sign in whole(signs_of(media))[-1:]]
        together = [(f"{subject.prompt.strip()}\n{sign.text}".strip(), _place(sign)) for sign in signs]
        return _said(self._review, self.name, together)


class OutputGuardTextCheck:
    """What is said in the clip, and what is written in it."""

    name = "output.guard_text"
    tier = TIER

    def __init__(self, review: TextReview) -> None:
        self._review = review

    @property
    def revision(self) -> str:
        """As `PromptGuardCheck`."""
        return self._review.revision

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`guard.text` at the interval or the frame. What only repeats a prompt that was judged is left out."""
        asked: list[tuple[str, Where]] = []
        said = [one for one in spoken(subject) if one.text.strip()]
        if said:
            where = AudioInterval(subject.output.asset, said[0].start_s, said[-1].end_s)
            asked.append((" ".join(one.text for one in said), where))
        before = subject.prompt if subject.prompt_judged else ""
        for media in media_of(subject):
            signs = unsaid(whole(signs_of(media)), before)[-1:]
            asked += [(sign.text, _place(sign)) for sign in signs]
        return _said(self._review, self.name, asked)


class PictureGuardCheck:
    """What the picture guard saw in references, or in the clip."""

    instant = True
    tier = TIER

    def __init__(self, name: str, review: PictureReview) -> None:
        self.name = name
        self._review = review

    @property
    def revision(self) -> str:
        """As `PromptGuardCheck`."""
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


def _said(review: TextReview, check: str, asked: Iterable[tuple[str, Where]]) -> list[Finding]:
    revision = review.revision
    return strongest_per_category(
        [
            Finding(hit.category, TEXT_SIGNAL, hit.score, where, check, revision, hit.label)
            for text, where in asked
            for hit in review.hits(text)
        ]
    )


def _place(sign: Sign) -> FrameBox:
    return sign.place(0, len(sign.text))
