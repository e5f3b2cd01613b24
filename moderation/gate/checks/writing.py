"""What is written in pictures, made ready to be judged as text: lines joined into signs, findings pointed back at frames.

A sign is all that one frame shows, read from above. Shop signs and number plates come as fragments of no language or of a foreign
one: a fragment is left out, a passage in a language that nobody here reads is not ("could not judge").
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED, TextModel
from moderation.gate.subjects import FrameText, Media
from policies.findings import Finding, FrameBox, TextSpan
from policies.text.normalise import normalise

FOREIGN_LETTERS, FOREIGN_IDEOGRAPHS = 24, 6
"""In one picture: letters, or characters of a script that needs few of them, from which foreign lines are a passage."""


@dataclass(frozen=True, slots=True)
class Sign:
    """The lines of one frame, and the text they make: a line break between two."""

    asset: str
    lines: tuple[FrameText, ...]

    @property
    def text(self) -> str:
        """All lines, from above."""
        return "\n".join(line.text for line in self.lines)

    def place(self, start: int, end: int) -> FrameBox:
        """The frame, and the box round the lines that characters `start` to `end` of `text` lie on."""
        at, meant = 0, []
        for line in self.lines:
            if at < end and start < at + len(line.text):
                meant.append(line)
            at += len(line.text) + 1
        shown = meant or list(self.lines)
        return FrameBox(
            self.asset,
            shown[0].time_s,
            min(line.left for line in shown),
            min(line.top for line in shown),
            max(line.right for line in shown),
            max(line.bottom for line in shown),
        )


def signs_of(media: Media) -> tuple[Sign, ...]:
    """The signs of a picture or clip, each text once. Raises `CouldNotJudge` when nobody could read it."""
    if media.text.value is None:
        raise CouldNotJudge(media.text.cause, media.asset)
    frames = (
        Sign(media.asset, tuple(lines))
        for _, lines in groupby(media.text.value, key=lambda line: line.time_s)
    )
    return tuple({sign.text: sign for sign in reversed(tuple(frames))}.values())[::-1]


def unsaid(signs: Sequence[Sign], prompt: str) -> tuple[Sign, ...]:
    """The signs that do more than repeat the prompt, or a passage of it, word by word: a title drawn from the prompt was judged
    with it, by a machine or a person, and is not judged a second time. Give it the `whole` of them, too: words of the prompt,
    each in a frame of its own, may make another sentence."""
    said = f" {_words(prompt)} "
    return tuple(sign for sign in signs if f" {_words(sign.text)} " not in said)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def whole(signs: Sequence[Sign]) -> tuple[Sign, ...]:
    """The signs, and when there are several all their different lines as one: words spread over frames hide nothing."""
    if len(signs) < 2:
        return tuple(signs)
    lines = {line.text: line for sign in signs for line in sign.lines}
    return (*signs, Sign(signs[0].asset, tuple(lines.values())))


def judged(model: TextModel, sign: Sign, *, field: str, signal: str, check: str) -> list[Finding]:
    """The classifier's findings on the sign, placed in its frame. Raises `CouldNotJudge` for a passage in a language it cannot
    read; fragments in one are left out."""
    try:
        found = model.findings(normalise(sign.text), field=field, signal=signal, check=check)
    except CouldNotJudge as error:
        if error.cause != LANGUAGE_UNSUPPORTED:
            raise
        rest = _readable(model, sign, field, check)
        if not rest.lines:
            return []
        return judged(model, rest, field=field, signal=signal, check=check)
    return [placed(finding, sign) for finding in found]


def placed(finding: Finding, sign: Sign) -> Finding:
    """The finding at the lines of the sign that its span lies on."""
    span = finding.where
    where = sign.place(span.start, span.end) if isinstance(span, TextSpan) else sign.place(0, len(sign.text))
    return replace(finding, where=where)


def _readable(model: TextModel, sign: Sign, field: str, check: str) -> Sign:
    """The sign without its foreign lines. Raises `CouldNotJudge` when they are more than fragments, or when it cannot be told
    which they are."""
    foreign = tuple(line for line in sign.lines if not _can_read(model, line.text, field, check))
    if not foreign or is_passage(line.text for line in foreign):
        raise CouldNotJudge(LANGUAGE_UNSUPPORTED, sign.asset)
    return replace(sign, lines=tuple(line for line in sign.lines if line not in foreign))


def _can_read(model: TextModel, line: str, field: str, check: str) -> bool:
    try:
        model.findings(normalise(line), field=field, signal="language", check=check)
    except CouldNotJudge as error:
        if error.cause != LANGUAGE_UNSUPPORTED:
            raise
        return False
    return True


def is_passage(lines: Iterable[str]) -> bool:
    """Whether foreign lines are more than fragments."""
    text = "".join(lines)
    dense = sum("\u2e80" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in text)
    return dense >= FOREIGN_IDEOGRAPHS or sum(map(str.isalpha, text)) >= FOREIGN_LETTERS
