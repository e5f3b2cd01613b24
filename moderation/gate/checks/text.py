"""What the prompt asks for: the absolute rules first, then the language it is in, then the classifier over the taxonomy."""

from collections.abc import Sequence
from typing import Protocol

from moderation.gate.check import CouldNotJudge
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import OutputSubject, RequestSubject, Spoken
from policies.findings import AudioInterval, Finding
from policies.text.absolute import REVISION as ABSOLUTE_REVISION
from policies.text.absolute import absolute_findings
from policies.text.normalise import NormalisedText, normalise

LANGUAGE_UNSUPPORTED = "language.unsupported"
SHORT_PROMPT = 500
"""Characters up to which rules and lists are done with a prompt sooner than another thread would begin."""


class TextModel(Protocol):
    """Language and classifier together, as the active profile has them."""

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        """Scored findings with spans of the original. Raises `CouldNotJudge` for a language it cannot read."""


class PromptMinorsCheck:
    """Absolute rules on the prompt, in the first tier: no later check, threshold or person lifts them."""

    name = "prompt.minors"
    tier = 0
    revision = ABSOLUTE_REVISION

    def idle(self, subject: RequestSubject) -> bool:
        """Whether the prompt is read in a tenth of a millisecond."""
        return len(subject.prompt) <= SHORT_PROMPT

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`text.absolute` with the span that was typed."""
        return absolute_findings(normalise(subject.prompt), "prompt")


class PromptTextCheck:
    """The classifier on the prompt. An empty prompt beside reference media says nothing."""

    name = "prompt.text"
    tier = 1

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = revision

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`text.classifier` for each category with a score worth recording."""
        if not subject.prompt.strip():
            return []
        return self._model.get().findings(
            normalise(subject.prompt), field="prompt", signal="text.classifier", check=self.name
        )


class OutputMinorsCheck:
    """Absolute rules on what is said in the clip."""

    name = "output.minors"
    tier = 0
    revision = ABSOLUTE_REVISION

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`text.absolute` with the interval in which it is said."""
        return [
            _heard(finding, subject.output.asset, said)
            for said in spoken(subject)
            for finding in absolute_findings(normalise(said.text), "transcript")
        ]


class OutputSpeechCheck:
    """The transcript through the text classifier: each utterance, and all together, so that pauses hide nothing."""

    name = "output.speech"
    tier = 1

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = revision

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`speech.classifier` with the interval in which it is said."""
        said = [utterance for utterance in spoken(subject) if utterance.text.strip()]
        if not said:
            return []
        whole = Spoken(said[0].start_s, said[-1].end_s, " ".join(utterance.text for utterance in said))
        parts = said if len(said) > 1 else []
        findings = [finding for part in (*parts, whole) for finding in self._of(part, subject.output.asset)]
        return strongest_per_category(findings)

    def _of(self, said: Spoken, asset: str) -> list[Finding]:
        found = self._model.get().findings(
            normalise(said.text), field="transcript", signal="speech.classifier", check=self.name
        )
        return [_heard(finding, asset, said) for finding in found]


def spoken(subject: OutputSubject) -> tuple[Spoken, ...]:
    """The transcript, or could not judge."""
    speech = subject.output.speech
    if speech.value is None:
        raise CouldNotJudge(speech.cause, "speech")
    return speech.value


def strongest_per_category(findings: Sequence[Finding]) -> list[Finding]:
    """For each category the finding with the highest score, in the order of the policy's table."""
    best: dict[str, Finding] = {}
    for finding in findings:
        key = finding.category.value if finding.category else ""
        if key not in best or finding.score > best[key].score:
            best[key] = finding
    return sorted(best.values(), key=lambda finding: finding.category.precedence if finding.category else -1)


def _heard(finding: Finding, asset: str, said: Spoken) -> Finding:
    where = AudioInterval(asset, said.start_s, said.end_s)
    return Finding(
        finding.category,
        finding.signal,
        finding.score,
        where,
        finding.check,
        finding.revision,
        finding.matched,
    )
