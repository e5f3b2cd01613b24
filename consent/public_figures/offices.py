"""Who held an office when: so that "the president of the United States in 2012" is a person, and a bare role is not.

`list/offices.txt`, a line an office: its names in several languages, separated by "/", those that need the article with "the";
then "|" and its holders, separated by ";": name, the day the term began, ".." and the day it ended, which is empty where we know
of no end, and the holder's number, if any.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

from consent.naming.cases import forms_of
from consent.naming.fold import fold_words

_TERM: Final = re.compile(r"(.+?) (\d{4}(?:-\d\d-\d\d)?)\.\.(\d{4}(?:-\d\d-\d\d)?)?(?: (\d+))?")
_THE: Final = "the "
_YEAR: Final = r"(?:1[789]|20)\d\d"


@dataclass(frozen=True, slots=True)
class Term:
    """One holder's time in office; days or years in ISO form. `until` is "" where no end is known, `number` 0 without one."""

    holder: str
    since: str
    until: str
    number: int

    def spans(self, year: str) -> bool:
        """Whether some of `year` lies in the term, as far as is known."""
        return self.since[:4] <= year and (not self.until or year <= self.until[:4])


@dataclass(frozen=True, slots=True)
class Office:
    """An office, its names, folded and without an article, and its holders."""

    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def holder(self, year: str, number: str) -> str:
        """Who is meant by a year or a number; "" where nobody or more than one person is."""
        if number:
            found = {term.holder for term in self.terms if term.number == int(number)}
        else:
            found = {term.holder for term in self.terms if year and term.spans(year)}
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Offices:
    """All listed offices by each of their names, the names that need "the", and what finds one of them in a folded line."""

    by_name: dict[str, Office]
    articled: frozenset[str]
    pattern: re.Pattern[str]


@functools.cache
def shipped_offices() -> Offices:
    """The list that ships with the project."""
    source = resources.files("consent.public_figures") / "list" / "offices.txt"
    return parse_offices(source.read_text(encoding="utf-8"))


def parse_offices(text: str) -> Offices:
    """The offices in `text`. Raises `ValueError` naming the line and what stands there."""
    by_name: dict[str, Office] = {}
    articled: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            names, bar, terms = line.partition("|")
            if not bar:
                raise ValueError(
                    f"offices.txt, line {number}: {line!r}; write: name / name | holder since..until"
                )
            office = Office(tuple(_names(names)), tuple(_terms(number, terms)))
            bare = [name.removeprefix(_THE) for name in office.names]
            articled.update(name.removeprefix(_THE) for name in office.names if name.startswith(_THE))
            by_name |= dict.fromkeys(bare, office)
    return Offices(by_name, frozenset(articled), _pattern(by_name))


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    office = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    year_before = rf"(?:(?P<before>{_YEAR}) (?:年 )?(?:的 |の )?)?"
    year_after = rf"(?: (?:in|of|from|during|en|im|em|b)(?: (?:the|year|jahr|jahre|año|l|an|ano|de))* (?P<after>{_YEAR}))?"
    number = r"(?:(?P<number>\d\d?)(?:st|nd|rd|th) )?"
    return re.compile(rf"(?<!\S)(?P<the>the )?{year_before}{number}(?P<office>{office}){year_after}(?!\S)")


def _names(written: str) -> Iterator[str]:
    for name in filter(None, map(str.strip, written.split("/"))):
        yield from (" ".join(fold_words(form)) for form in (name, *forms_of(name)))


def _terms(number: int, written: str) -> Iterator[Term]:
    for entry in filter(None, map(str.strip, written.split(";"))):
        found = _TERM.fullmatch(entry)
        if found is None:
            raise ValueError(f"offices.txt, line {number}: {entry!r}; write: name since..until")
        yield Term(found[1], found[2], found[3] or "", int(found[4] or 0))
