"""Proposals for a text that was not allowed, least changed first: what nobody judged yet, and nobody may be offered before.

Pure and deterministic. Each proposal takes something away from every place that a rule fired on, or puts something harmless
in its place; whether that is enough, the gate says.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from policies.edits.places import clauses, sentences, touching
from policies.edits.swaps import Swap, apply, disjoint, distance, tokens
from policies.edits.twins import AGE, twin_swaps
from policies.taxonomy import Category

MAX_CANDIDATES = 24
LEAST_TOKENS = 3
"""A proposal with fewer words left says nothing that anybody asked for."""
WHOLE_SENTENCE = 0.8
"""A span over this share of its sentence says where, but not which words: they are not taken out by themselves."""

HOLE = 3
"""Words taken out of a sentence leave one that reads badly: a few words exchanged, or a clause less, come first."""


class EditKind(StrEnum):
    """What was done, of the mildest kind that names all of it."""

    REPLACE_NAME = "replace_name"
    REWORD = "reword"
    AGE = "age"
    REMOVE_WORDS = "remove_words"
    REMOVE_CLAUSE = "remove_clause"
    REMOVE_SENTENCE = "remove_sentence"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Fault:
    """Characters `start` to `end` (half-open) that a rule fired on. `generic` are descriptions that may stand for a name found
    there, best first; `category` is None for what is no content."""

    start: int
    end: int
    category: Category | None
    generic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed text; `changed` counts tokens (see `swaps.distance`)."""

    text: str
    kind: EditKind
    changed: int


def candidates(
    text: str, faults: Sequence[Fault], *, ages: bool = False, most: int = MAX_CANDIDATES
) -> tuple[Edit, ...]:
    """At most `most` proposals, by tokens changed (a hole in a sentence counts as `HOLE` more), then by kind, then as proposed.
    `ages`: an age made a rule stricter, and saying that adults are meant may be proposed. Nothing for faults of
    `minors`, nor without faults."""
    faults = [fault for fault in faults if 0 <= fault.start < fault.end <= len(text)]
    if not faults or any(fault.category is Category.MINORS for fault in faults):
        return ()
    found: dict[str, Edit] = {}
    for kind, swaps in _proposals(text, faults, ages=ages):
        made = _made(text, kind, disjoint(swaps))
        if made is not None and (made.text not in found or made.changed < found[made.text].changed):
            found[made.text] = made
    order = list(EditKind)
    ranked = sorted(
        found.values(), key=lambda edit: (_cost(edit), order.index(edit.kind))
    )  # else as proposed, best first
    return tuple(ranked[:most])


def _cost(edit: Edit) -> int:
    return edit.changed + (HOLE if edit.kind is EditKind.REMOVE_WORDS else 0)


def _made(text: str, kind: EditKind, swaps: Sequence[Swap]) -> Edit | None:
    """The proposal, unless it changes nothing or leaves nothing."""
    if not swaps:
        return None
    changed = apply(text, swaps)
    left, before = tokens(changed), tokens(text)
    if left == before or len(left) < LEAST_TOKENS:
        return None
    return Edit(changed, kind, distance(text, swaps))


def _proposals(
    text: str, faults: Sequence[Fault], *, ages: bool
) -> Iterator[tuple[EditKind, Iterable[Swap]]]:
    named = [fault for fault in faults if fault.generic]
    others = [fault for fault in faults if not fault.generic]
    for names in _names(text, named):
        yield EditKind.REPLACE_NAME, names
        for _, swaps in _others(text, others, ages=ages):
            yield EditKind.SEVERAL, (*names, *swaps)
    for kind, swaps in _others(text, [*others, *named], ages=ages):
        yield kind, swaps


def _names(text: str, named: Sequence[Fault]) -> Iterator[tuple[Swap, ...]]:
    """Every name replaced: by the best description of each, then by the next best."""
    for choice in range(max((len(fault.generic) for fault in named), default=0)):
        yield tuple(
            _replaced(text, fault, fault.generic[min(choice, len(fault.generic) - 1)]) for fault in named
        )


def _replaced(text: str, fault: Fault, generic: str) -> Swap:
    """The name with the article before it, so that "the Mario" does not become "the a plumber"."""
    before = text[: fault.start]
    for article in ("the ", "a ", "an "):
        if before.lower().endswith(article) and (
            len(before) == len(article) or not before[-len(article) - 1].isalnum()
        ):
            return Swap(fault.start - len(article), fault.end, generic)
    return Swap(fault.start, fault.end, generic)


def _others(text: str, faults: Sequence[Fault], *, ages: bool) -> Iterator[tuple[EditKind, tuple[Swap, ...]]]:
    if not faults:
        return
    places = sentences(text)
    sections = sorted({fault.category.value for fault in faults if fault.category is not None})
    twins = twin_swaps(text, sections)
    touched = [place for place in places if any(list(touching([place], f.start, f.end)) for f in faults)]
    yield from ((EditKind.REWORD, (one,)) for one in twins)
    yield EditKind.REWORD, twins
    if ages:
        older = twin_swaps(text, (AGE,))
        yield EditKind.AGE, older
        yield EditKind.SEVERAL, (*twins, *older)
    yield EditKind.REMOVE_WORDS, _words(faults, places)
    for place in touched:
        yield from _without_clauses(text, place, twins)
    yield from ((EditKind.REMOVE_SENTENCE, (Swap(*place),)) for place in touched)
    yield EditKind.REMOVE_SENTENCE, tuple(Swap(*place) for place in touched)


def _words(faults: Sequence[Fault], places: Sequence[tuple[int, int]]) -> tuple[Swap, ...]:
    """The words that were found themselves, unless they are as good as a sentence."""
    narrow = [
        fault
        for fault in faults
        if fault.end - fault.start
        < WHOLE_SENTENCE
        * max((end - start for start, end in touching(places, fault.start, fault.end)), default=0)
    ]
    return tuple(Swap(fault.start, fault.end) for fault in narrow)


def _without_clauses(
    text: str, sentence: tuple[int, int], twins: Sequence[Swap]
) -> Iterator[tuple[EditKind, tuple[Swap, ...]]]:
    """Without one clause, and without all that hold a wording of the table."""
    parts = clauses(text, sentence)
    yield from ((EditKind.REMOVE_CLAUSE, (Swap(*part),)) for part in parts)
    worded = [part for part in parts if any(part[0] < twin.end and twin.start < part[1] for twin in twins)]
    if 1 < len(worded) < len(parts):
        yield EditKind.REMOVE_CLAUSE, tuple(Swap(*part) for part in worded)
