"""Texts that are judged as one: what they say together, and none of them alone."""

from collections.abc import Iterable, Sequence

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED, TextModel
from policies.findings import Finding
from policies.text.normalise import normalise

SIGNAL = "joint.text"
GAIN = 0.1
"""How much higher than each part's own a score must be to be new."""


def said_together(
    model: TextModel, parts: Sequence[str], readings: Sequence[str], *, check: str, detail: str
) -> list[Finding]:
    """`joint.text` in field `prompt` for what the `readings`, which join the `parts`, say and no part does.

    Raises `CouldNotJudge` (with `detail`) where every part can be read and a reading cannot.
    """
    together = [_found(model, reading, check) for reading in readings]
    apart = [_found(model, part, check) for part in parts]
    if None in together and None not in apart:
        raise CouldNotJudge(LANGUAGE_UNSUPPORTED, detail)
    alone = _scores(found for found in apart if found)
    found = [finding for findings in together for finding in findings or ()]
    return [f for f in found if f.category and f.score >= alone.get(f.category.value, 0.0) + GAIN]


def _found(model: TextModel, text: str, check: str) -> Sequence[Finding] | None:
    """None for a text in a language that cannot be read: the check of that text itself says so."""
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
