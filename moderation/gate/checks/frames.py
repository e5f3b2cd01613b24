"""What is written in pictures and frames, judged as text; and what fills them, where it is a firearm."""

from collections.abc import Sequence

from consent.public_figures.names import FigureMatcher
from consent.public_figures.standing import Standing
from consent.works.names import WorkMatcher
from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.joint import joint_findings
from moderation.gate.checks.outputs import strongest
from moderation.gate.checks.text import TextModel, strongest_per_category
from moderation.gate.checks.writing import Sign, judged, placed, signs_of, unsaid, whole
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import Media, OutputSubject, RequestSubject, Subject
from policies.findings import Finding, FrameBox
from policies.taxonomy import Category
from policies.text.absolute import REVISION as ABSOLUTE_REVISION
from policies.text.absolute import absolute_findings
from policies.text.normalise import normalise

REVISION = "1"
FIELD = "frame"
WORTH_RECORDING = 0.05
"""Firearm scores below it are noise of the classifier."""


def media_of(subject: Subject) -> tuple[Media, ...]:
    """The files of a subject that could be decoded."""
    files = (subject.output,) if isinstance(subject, OutputSubject) else subject.references
    return tuple(media for media in files if not media.problem)


class WrittenMinorsCheck:
    """Absolute rules on what is written, in the first tier; in a request also on the prompt and the writing read as one."""

    tier = 0
    instant = True
    revision = ABSOLUTE_REVISION

    def __init__(self, name: str) -> None:
        self.name = name

    def examine(self, subject: Subject) -> Sequence[Finding]:
        """`text.absolute` with the frame and the lines."""
        return [finding for media in media_of(subject) for finding in self._of(subject, media)]

    def _of(self, subject: Subject, media: Media) -> list[Finding]:
        signs = whole(signs_of(media))
        found = [placed(f, sign) for sign in signs for f in absolute_findings(normalise(sign.text), FIELD)]
        if found or not signs or isinstance(subject, OutputSubject) or not subject.prompt.strip():
            return found
        if absolute_findings(normalise(subject.prompt), "prompt"):
            return []
        together = normalise(f"{subject.prompt.strip()} {signs[-1].text}")
        whole_sign = signs[-1].place(0, len(signs[-1].text))
        return [
            Finding(f.category, f.signal, f.score, whole_sign, f.check, f.revision, f.matched)
            for f in absolute_findings(together, "prompt")
        ]


class OutputTextCheck:
    """What is written in the clip through the text classifier: each sign, and all of them together."""

    name = "output.text"
    tier = 1

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = revision

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`frame.text` for each category, at the frame and the lines with the highest score. What only repeats a prompt that was
        judged is left out."""
        judged_before = subject.prompt if subject.prompt_judged else ""
        return strongest_per_category(
            written_findings(self._model, subject.output, self.name, said=judged_before)
        )


class ReferenceTextCheck:
    """What is written in reference pictures through the text classifier, alone and read together with the prompt."""

    name = "reference.text"
    tier = 2

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = revision

    def idle(self, subject: RequestSubject) -> bool:
        """Whether there is no picture to read."""
        return not subject.references

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`frame.text` for the writing; `joint.text` for what only prompt and picture together say."""
        findings: list[Finding] = []
        for media in media_of(subject):
            findings += strongest_per_category(written_findings(self._model, media, self.name))
            findings += joint_findings(self._model, subject.prompt, media, self.name)
        return findings


def written_findings(model: Lazy[TextModel], media: Media, check: str, *, said: str = "") -> list[Finding]:
    """The classifier's findings on every sign of a file that does more than repeat what was `said`; the model is not asked where
    nothing is written."""
    return [
        finding
        for sign in unsaid(whole(signs_of(media)), said)
        for finding in judged(model.get(), sign, field=FIELD, signal="frame.text", check=check)
    ]


class WrittenNamesCheck:
    """Public figures and characters named in a picture: a caption may say who is shown, so a person looks. Brands in passing,
    and figures who are only mentioned, are no finding."""

    instant = True

    def __init__(
        self, name: str, tier: int, figures: Lazy[FigureMatcher], works: Lazy[WorkMatcher], revision: str
    ) -> None:
        self.name = name
        self.tier = tier
        self.revision = f"{REVISION}+{revision}"
        self._figures = figures
        self._works = works

    def examine(self, subject: Subject) -> Sequence[Finding]:
        """`frame.figure_named` for the living and the recently dead, `frame.work_named` for a work that is named by itself. Those
        that a prompt names which was judged are left out."""
        signs = [sign for media in media_of(subject) for sign in signs_of(media)]
        if not signs:
            return []
        known = self._named_in(subject)
        found = [one for sign in signs for one in (*self._of_figures(subject, sign), *self._of_works(sign))]
        return strongest([finding for finding in found if finding.matched not in known])

    def _named_in(self, subject: Subject) -> set[str]:
        """The names in a prompt that was judged: whoever it names was decided on with it."""
        if isinstance(subject, RequestSubject) or not subject.prompt_judged:
            return set()
        figures = self._figures.get().find_all(subject.prompt, subject.today)
        works = self._works.get().find(subject.prompt)
        return {figure.name for figure in figures} | {work.name for work in works}

    def _of_figures(self, subject: Subject, sign: Sign) -> list[Finding]:
        return [
            self._finding(
                Category.PUBLIC_FIGURE, "frame.figure_named", sign, mention.start, mention.end, mention.name
            )
            for mention in self._figures.get().find(sign.text, subject.today)
            if mention.use == "shown" and mention.standing in {Standing.LIVING, Standing.RECENTLY_DEAD}
        ]

    def _of_works(self, sign: Sign) -> list[Finding]:
        return [
            self._finding(Category.WORKS, "frame.work_named", sign, mention.start, mention.end, mention.name)
            for mention in self._works.get().find(sign.text)
            if mention.use in {"shown", "logo"}
        ]

    def _finding(
        self, category: Category, signal: str, sign: Sign, start: int, end: int, matched: str
    ) -> Finding:
        where = sign.place(start, end)
        return Finding(category, signal, 1.0, where, self.name, self.revision, matched)


class WeaponCheck:
    """A firearm that fills the picture. Kitchen knives, swords and cannons are none."""

    instant = True

    def __init__(self, name: str, tier: int, revision: str) -> None:
        self.name = name
        self.tier = tier
        self.revision = f"{REVISION}+{revision}"

    def examine(self, subject: Subject) -> Sequence[Finding]:
        """`image.weapon` at the frame of each file that looks most like it."""
        return [finding for media in media_of(subject) for finding in self._of(media)]

    def _of(self, media: Media) -> list[Finding]:
        if media.looks.value is None:
            raise CouldNotJudge(media.looks.cause, media.asset)
        best = max(media.looks.value, key=lambda look: look.firearm, default=None)
        if best is None or best.firearm < WORTH_RECORDING:
            return []
        where = FrameBox(media.asset, best.time_s, 0.0, 0.0, 1.0, 1.0)
        return [Finding(Category.VIOLENCE, "image.weapon", best.firearm, where, self.name, self.revision)]
