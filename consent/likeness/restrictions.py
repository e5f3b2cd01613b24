"""How a likeness may appear, in the owner's words, compiled by simple rules and shown back, so that nobody is misled.

A clause is understood only when it is a known refusal ("no", "not with", "never in", …) followed by exactly a known subject.
Anything else is kept word for word and sends every use to a person: a rule that cannot be read is never a rule ignored.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session, col, select

from consent.errors import ConsentError
from consent.likeness.changes import LikenessChange, locked_active, record_change
from consent.likeness.lexicon import NEGATIONS, SUBJECTS, Subject
from consent.likeness.models import Restriction

MAX_WORDS = 500
_BY_NAME = {subject.name: subject for subject in SUBJECTS}
_BY_PHRASE = {phrase: subject for subject in SUBJECTS for phrase in subject.said}
_SEPARATORS = re.compile(r"\s*(?:[.;,\n!]|\band\b|\bor\b|\bnor\b|\bbut\b)\s*")


class RestrictionInvalid(ConsentError):
    """The restriction is empty, too long, or not there."""

    code: ClassVar[str] = "restriction.invalid"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the words were understood as: `refused` subjects, and the clauses `not_understood`, which a person judges."""

    refused: tuple[str, ...]
    not_understood: tuple[str, ...]

    @property
    def shown_back(self) -> str:
        """What the owner is asked to confirm."""
        parts = []
        if self.refused:
            parts.append(f"Refused: {', '.join(name.replace('_', ' ') for name in self.refused)}.")
        if self.not_understood:
            quoted = ", ".join(f"“{clause}”" for clause in self.not_understood)
            parts.append(f"Not understood, so a person looks at every use: {quoted}.")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Breach:
    """A use that a restriction speaks against. `subject` is empty when the wording needs a person (`certain` False).

    `start`, `end`: the word in the text that shows it (half-open, code points); 0, 0 when a category shows it.
    """

    restriction_id: str
    likeness_id: str
    words: str
    subject: str
    certain: bool
    start: int = 0
    end: int = 0


def compile_restriction(words: str) -> Compiled:
    """Pure. “no violence and alcohol” refuses both: a refusal carries over to the next clause."""
    refused: list[str] = []
    unclear: list[str] = []
    negated = False
    for clause in filter(None, _SEPARATORS.split(words.strip().lower().replace("’", "'"))):
        phrase, negated = _without_negation(clause, negated)
        subject = _BY_PHRASE.get(phrase) if negated else None
        if subject is None:
            unclear.append(clause)
        elif subject.name not in refused:
            refused.append(subject.name)
    return Compiled(tuple(refused), tuple(unclear))


def judge(
    restriction_id: str,
    likeness_id: str,
    words: str,
    compiled: Compiled,
    *,
    categories: Collection[str],
    text: str,
) -> tuple[Breach, ...]:
    """Pure. `categories`: policy categories found; `text`: what was asked for or said, whole words looked up in any case."""
    breaches = []
    for name in compiled.refused:
        subject = _BY_NAME[name]
        shown = _pattern(subject).search(text)
        if shown or (subject.category and subject.category in categories):
            start, end = shown.span() if shown else (0, 0)
            breaches.append(Breach(restriction_id, likeness_id, words, name, True, start, end))
    if compiled.not_understood:
        breaches.append(Breach(restriction_id, likeness_id, words, "", False))
    return tuple(breaches)


def find_breaches(
    session: Session, likeness_ids: Iterable[str], *, categories: Collection[str], text: str
) -> tuple[Breach, ...]:
    """What the standing restrictions of these likenesses say against the use, in order of likeness and restriction id."""
    statement = (
        select(Restriction)
        .where(col(Restriction.likeness_id).in_(set(likeness_ids)), col(Restriction.withdrawn_ms).is_(None))
        .order_by(col(Restriction.likeness_id), col(Restriction.id))
        .execution_options(populate_existing=True)
    )
    return tuple(
        breach
        for row in session.exec(statement)
        for breach in judge(
            row.id, row.likeness_id, row.words, _stored(row.conditions), categories=categories, text=text
        )
    )


def add_restriction(
    session: Session, *, restriction_id: str, likeness_id: str, words: str, actor: str, now_ms: int
) -> tuple[LikenessChange, Compiled]:
    """Keep the words with what they were compiled to, and return both. Raises `RestrictionInvalid` and as `give_grant` does."""
    if not words.strip() or len(words) > MAX_WORDS:
        raise RestrictionInvalid(
            f"words: {len(words)} characters; write 1 to {MAX_WORDS}, such as “no violence”"
        )
    compiled = compile_restriction(words)
    likeness = locked_active(session, likeness_id)
    conditions = {"refused": list(compiled.refused), "not_understood": list(compiled.not_understood)}
    row = Restriction(
        id=restriction_id,
        likeness_id=likeness_id,
        words=words.strip(),
        conditions=conditions,
        created_ms=now_ms,
    )
    session.add(row)
    likeness.restrictions_revision = likeness.revision + 1
    detail = {"restriction_id": restriction_id}
    change = record_change(session, likeness, change="restricted", actor=actor, now_ms=now_ms, detail=detail)
    return change, compiled


def withdraw_restriction(
    session: Session, *, restriction_id: str, likeness_id: str, actor: str, now_ms: int
) -> LikenessChange:
    """End a restriction. Raises `RestrictionInvalid` when it does not stand."""
    likeness = locked_active(session, likeness_id)
    row = session.get(Restriction, restriction_id, populate_existing=True)
    if row is None or row.likeness_id != likeness_id or row.withdrawn_ms is not None:
        raise RestrictionInvalid(
            f"restriction_id: {restriction_id[:64]!r} does not stand for this likeness; list them"
        )
    row.withdrawn_ms = now_ms
    session.add(row)
    likeness.restrictions_revision = likeness.revision + 1
    detail = {"restriction_id": restriction_id}
    return record_change(
        session, likeness, change="restriction_withdrawn", actor=actor, now_ms=now_ms, detail=detail
    )


def _stored(conditions: Mapping[str, list[str]]) -> Compiled:
    return Compiled(tuple(conditions["refused"]), tuple(conditions["not_understood"]))


def _without_negation(clause: str, negated: bool) -> tuple[str, bool]:
    for negation in NEGATIONS:
        if clause.startswith(f"{negation} "):
            return clause.removeprefix(negation).strip(), True
    return clause, negated


def _pattern(subject: Subject) -> re.Pattern[str]:
    forms = (re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in subject.words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)
