"""A picture and its prompt judged as one: a harmless line over a harmless picture can be hateful.

The prompt is read together with what is written in the picture, and with the word for what plainly fills it. Only what neither
says alone is a finding here; the others have theirs already.
"""

from dataclasses import replace

from moderation.gate.checks.text import TextModel, strongest_per_category
from moderation.gate.checks.together import said_together
from moderation.gate.checks.writing import signs_of, whole
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import Media
from policies.findings import Finding, FrameBox, TextSpan


def joint_findings(model: Lazy[TextModel], prompt: str, media: Media, check: str) -> list[Finding]:
    """`joint.text` for each category that prompt and picture say together and neither alone. Raises `CouldNotJudge` where
    each can be read and both together cannot."""
    readings = readings_of(prompt, media)
    if not readings:
        return []
    parts = (prompt, *_writing(media))
    found = said_together(model.get(), parts, readings, check=check, detail=media.asset)
    return strongest_per_category([_placed(finding, prompt, media) for finding in found])


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


def _placed(finding: Finding, prompt: str, media: Media) -> Finding:
    """In the prompt where the words are; else the picture as a whole."""
    span = finding.where
    if isinstance(span, TextSpan) and span.end <= len(prompt.strip()):
        return finding
    return replace(finding, where=FrameBox(media.asset, 0.0, 0.0, 0.0, 1.0, 1.0))
