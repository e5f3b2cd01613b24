"""A picture and its prompt judged as one: a harmless line over a harmless picture can be hateful.

The prompt is read together with what is written in the picture, and with the word for what plainly fills it. Only what neither
says alone is a finding here; the others have theirs already.
"""

from collections.abc import Iterable, Sequence

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED, TextModel, strongest_per_category
from moderation.gate.checks.writing import signs_of, whole
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import Media
from policies.findings import Finding, FrameBox, TextSpan
from policies.text.normalise import normalise

SIGNAL = "joint.text"
GAIN = 0.1
"""How much higher than the prompt's own, and the writing's own, a score must be to be new."""


def joint_findings(model: Lazy[TextModel], prompt: str, media: Media, check: str) -> list[Finding]:
    """`joint.text` for each category that prompt and picture say together and neither alone. Raises `CouldNotJudge` where
    each can be read and both together cannot."""
    readings = readings_of(prompt, media)
    if not readings:
        return []
    parts = [_found(model.get(), part, check) for part in (prompt, *_writing(media))]
    together = [_found(model.get(), reading, check) for reading in readings]
    if None in together and None not in parts:
        raise CouldNotJudge(LANGUAGE_UNSUPPORTED, media.asset)
    alone = _scores(found for found in parts if found)
    found = [finding for findings in together for finding in findings or ()]
    new = [f for f in found if f.category and f.score >= alone.get(f.category.value, 0.0) + GAIN]
    return strongest_per_category([_placed(finding, prompt, media) for finding in new])


def readings_of(prompt: str, media: Media) -> tuple[str, ...]:
    """The texts that a reader makes of prompt and picture; none where either says nothing."""
    said = prompt.strip()
    if not said:
        return ()
    labels = dict.fromkeys(label for look in media.looks.value or () for label in look.labels)
    written = [f"{said}\n{text}" for text in _writing(media)[-1:]]
    shown = [f"{said} {', '.join(labels)}"] if labels else []
    return (*written, *shown)


def _writing(media: Media) -> tuple[str, ...]:
    return tuple(sign.text for sign in whole(signs_of(media)))


def _found(model: TextModel, text: str, check: str) -> Sequence[Finding] | None:
    """None for a text in a language that cannot be read: of the prompt its own check says so, of a sign the writing's."""
    try:
        return model.findings(normalise(text), field="prompt", signal=SIGNAL, check=check)
    except CouldNotJudge as error:
        if error.cause != LANGUAGE_UNSUPPORTED:
            raise
        return None


def _scores(found: Iterable[Sequence[Finding]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for findings in found:
        for finding in findings:
            if finding.category:
                best[finding.category.value] = max(best.get(finding.category.value, 0.0), finding.score)
    return best


def _placed(finding: Finding, prompt: str, media: Media) -> Finding:
    """In the prompt where the words are; else the picture as a whole."""
    span = finding.where
    if isinstance(span, TextSpan) and span.end <= len(prompt.strip()):
        return finding
    where = FrameBox(media.asset, 0.0, 0.0, 0.0, 1.0, 1.0)
    return Finding(
        finding.category,
        finding.signal,
        finding.score,
        where,
        finding.check,
        finding.revision,
        finding.matched,
    )
