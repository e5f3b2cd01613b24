"""Characters that a text describes without naming them: enough of their looks, close together.

Works on words, not on meaning: what it finds can be pointed at ("yellow", "mouse", "red cheeks"), and costs a fraction of a
millisecond. What is "unmistakable" is counted: the traits met beyond those a description must have.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consent.naming.fold import FoldedText, Word, fold_words
from consent.works.catalogue import Catalogue, ListedWork, WorkKind, shipped_catalogue, work_id_of
from consent.works.described.stems import PASSED_OVER, stem_of
from consent.works.described.traits import (
    Descriptions,
    Looks,
    Stems,
    Trait,
    shipped_descriptions,
    stems_of,
)

CODE_VERSION: Final = 1
"""Raised with every change of the rules, so that the revision of a finding changes with them."""
NEEDED_REACH, REACH = 30, 45
"""How far from the first needed trait, in words, the needed ones and the others may stand: about two and three sentences."""
_SPREAD: Final = 2
"""How many words more than it has a trait may be spread over: "a cap that is red"."""
_INVENTED: Final = stems_of("character cartoon animated animation anime franchise superhero mascot fictional")
"""Who says that it is a character has given one trait more, where at least `CUE_NEEDS` others are met."""
CUE_NEEDS: Final = 3

_Places = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class WorkDescription:
    """A character found by its looks. `start`, `end`: half-open, code points of the original text, around all `traits`.

    `beyond`: how many traits more than a description must have; 0 is a resemblance, more is unmistakable.
    """

    work_id: str
    name: str
    franchise: str
    start: int
    end: int
    traits: tuple[str, ...]
    beyond: int


@dataclass(frozen=True, slots=True)
class _Listed:
    """A character's looks with the id and the franchise under which the catalogue has it."""

    looks: Looks
    work_id: str
    franchise: str


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A trait met: the places of its words, in words of the text."""

    places: tuple[int, ...]
    stems: Stems


class DescribedWorkMatcher:
    """Finds characters by their looks. `find` is pure; safe to share between threads."""

    def __init__(self, descriptions: Descriptions | None = None, catalogue: Catalogue | None = None) -> None:
        descriptions = descriptions or shipped_descriptions()
        characters: dict[str, list[ListedWork]] = defaultdict(list)
        for work in (catalogue or shipped_catalogue()).works:
            if work.kind is WorkKind.CHARACTER:
                for name in {_folded(alias.text) for alias in work.names}:
                    characters[name].append(work)
        self._looks = [_listed(looks, characters) for looks in descriptions.looks]
        self._by_stem: dict[str, set[int]] = defaultdict(set)
        for index, looks in enumerate(descriptions.looks):
            for stems in next(trait for trait in looks.traits if trait.needed).alternatives:
                self._by_stem[stems[0]].add(index)
        code = f"{descriptions.digest}:{CODE_VERSION}"
        self.revision = f"described:{hashlib.sha256(code.encode()).hexdigest()[:12]}"

    def find(self, text: str) -> tuple[WorkDescription, ...]:
        """The characters described, the most certain first; none of them needs to be named."""
        words = [word for word in FoldedText(text).words if word.text not in PASSED_OVER]
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            places[stem_of(word.text)].append(place)
        candidates = sorted({index for stem in places for index in self._by_stem.get(stem, ())})
        found = (_described(self._looks[index], places, words) for index in candidates)
        return tuple(sorted((one for one in found if one), key=lambda one: (-one.beyond, one.start)))


def _described(listed: _Listed, places: _Places, words: Sequence[Word]) -> WorkDescription | None:
    met, cue = _best(listed.looks, places)
    beyond = len(met) + cue - listed.looks.at_least
    if not met or beyond < 0:
        return None
    at = sorted({place for sighting in met for place in sighting.places})
    traits = tuple(" ".join(words[place].text for place in sighting.places) for sighting in met)
    start, end = words[at[0]].start, words[at[-1]].end
    name = listed.looks.name
    return WorkDescription(listed.work_id, name, listed.franchise, start, end, traits, beyond)


def _listed(looks: Looks, characters: Mapping[str, Sequence[ListedWork]]) -> _Listed:
    """An opt-out and a licence hold for the looks as for the name: both stand under the catalogue's id."""
    bearers = characters.get(_folded(looks.name), ())
    same = [work for work in bearers if _folded(work.franchise) == _folded(looks.franchise)]
    if same or len(bearers) == 1:
        work = (same or bearers)[0]
        return _Listed(looks, work.work_id, work.franchise)
    return _Listed(looks, work_id_of(looks.franchise, looks.name), looks.franchise)


def _folded(name: str) -> str:
    return " ".join(fold_words(name))


def _best(looks: Looks, places: _Places) -> tuple[tuple[_Sighting, ...], int]:
    """The most traits met around one place, and 1 when the text says there that it is a character."""
    seen = [(trait, _sightings(trait, places)) for trait in looks.traits]
    if not all(sightings for trait, sightings in seen if trait.needed):
        return (), 0
    ordered = sorted(seen, key=lambda pair: not pair[0].needed)
    tries = [_around(anchor.places[0], ordered, places) for anchor in ordered[0][1]]
    return max(tries, key=lambda found: len(found[0]) + found[1])


def _around(
    anchor: int, seen: Iterable[tuple[Trait, Sequence[_Sighting]]], places: _Places
) -> tuple[tuple[_Sighting, ...], int]:
    met: list[_Sighting] = []
    used: set[int] = set()
    for trait, sightings in seen:
        reach = NEEDED_REACH if trait.needed else REACH
        free = [one for one in sightings if not used.issuperset(one.places)]
        near = min(free, key=lambda one: abs(one.places[0] - anchor), default=None)
        if near is not None and abs(near.places[0] - anchor) <= reach:
            met.append(near)
            used.update(near.places)
        elif trait.needed:
            return (), 0
    said = (place for stem in _INVENTED for place in places.get(stem, ()) if place not in used)
    cue = len(met) >= CUE_NEEDS and any(abs(place - anchor) <= REACH for place in said)
    return tuple(met), int(cue)


def _sightings(trait: Trait, places: _Places) -> list[_Sighting]:
    return [one for stems in trait.alternatives for one in _of_alternative(stems, places)]


def _of_alternative(stems: Stems, places: _Places) -> Iterable[_Sighting]:
    """Where the words of one alternative stand close together, in any order."""
    for first in places.get(stems[0], ()):
        others = [
            min(places.get(stem, ()), key=lambda place: abs(place - first), default=None)
            for stem in stems[1:]
        ]
        reach = len(stems) + _SPREAD
        if all(place is not None and abs(place - first) <= reach for place in others):
            yield _Sighting((first, *(place for place in others if place is not None)), stems)
