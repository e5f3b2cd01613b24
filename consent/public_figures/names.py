"""Public figures named in a text: who, where, how they are spelled, how they stand, and whether they would be shown.

The matcher knows the list and the context rules, and no policy: what a mention means for a verdict is decided elsewhere.
Words are matched, never substrings; every span points into the original text.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final, Literal

from consent.naming.common import GIVEN, SURNAMES, WORDS, WRITTEN, stands_out
from consent.naming.fold import FoldedText, fold_words
from consent.naming.hits import Hit, LexiconName, Spelling
from consent.naming.lexicon import Lexicon, longest
from consent.naming.marks import Need
from consent.public_figures.context import Use, has_cue, joins_list, makes_a_thing, use_of
from consent.public_figures.roles import Role, find_roles
from consent.public_figures.roster import Figure, Roster, shipped_roster
from consent.public_figures.spellings import Spelled, spellings_of
from consent.public_figures.standing import Standing, standing_of

CODE_VERSION: Final = 2
"""Raised with every change of the rules, so that the revision of a finding changes with them."""

BEARERS_OF_A_NAME: Final = 3
"""A word that so many listed people bear is a name of its own, and no slip of another."""

How = Literal["exact", "folded", "alias", "joined", "leet", "misspelled", "role"]

_BEFORE_CHARACTERS: Final = 60
_AND: Final = frozenset(("and", "or", "und", "et", "y", "e", "are", "were"))


@dataclass(frozen=True, slots=True)
class FigureMention:
    """One public figure named in a text.

    `name`: the list's name, or the words of the role. `start`, `end`: half-open, code points of the original text. `standing`:
    as of the day asked about. `died`: ISO year or date, "" when living or not known. `how`: how the text spells the name. `use`:
    whether the figure would be `shown`, lends only a `style`, or is merely `mentioned`. `estate`: who speaks for the dead.
    """

    name: str
    start: int
    end: int
    standing: Standing
    died: str
    how: How
    estate: str
    use: Use


class FigureMatcher:
    """Finds the figures of a roster in text. Building it takes about a second; `find` is pure, and linear in the text."""

    def __init__(self, roster: Roster | None = None) -> None:
        roster = roster or shipped_roster()
        self._by_name = {
            alias.text: figure for figure in reversed(roster.figures) for alias in reversed(figure.aliases)
        }
        self._spelled: list[tuple[Figure, Spelled]] = [
            (figure, spelled) for figure in roster.figures for spelled in spellings_of(figure)
        ]
        folded = [fold_words(figure.name) for figure in roster.figures]
        borne = Counter(chain.from_iterable(map(set, folded)))
        names = {word for word, bearers in borne.items() if bearers >= BEARERS_OF_A_NAME}
        first = Counter(words[0] for words in folded if len(words) > 1)
        given = {word for word, bearers in first.items() if bearers >= BEARERS_OF_A_NAME}
        self._lexicon = Lexicon(
            (
                LexiconName(spelled.words, index, spelled.joins, spelled.slips)
                for index, (_, spelled) in enumerate(self._spelled)
            ),
            known=names | GIVEN | SURNAMES | WORDS | WRITTEN,
            common=names | GIVEN | SURNAMES | WORDS,
            given=(GIVEN | given) - WORDS,
        )
        code = f"{roster.digest}:{CODE_VERSION}"
        self.revision = f"figures:{hashlib.sha256(code.encode()).hexdigest()[:12]}"

    def find(self, text: str, today: date) -> tuple[FigureMention, ...]:
        """The figures who would be shown, or whose style is asked for, in order of their place in the text."""
        return tuple(mention for mention in self.find_all(text, today) if mention.use != "mentioned")

    def find_all(self, text: str, today: date) -> tuple[FigureMention, ...]:
        """As `find`, with those merely mentioned too: for explaining why a name was let pass."""
        folded = FoldedText(text)
        named = self._named(folded, today)
        roles = [
            self._in_office(role, today)
            for role in find_roles(folded)
            if not any(mention.start < role.end and role.start < mention.end for mention in named)
        ]
        return tuple(sorted([*named, *roles], key=lambda mention: mention.start))

    def _in_office(self, role: Role, today: date) -> FigureMention:
        """Whoever held the office, where the text says when; else the role."""
        figure = self._by_name.get(role.holder)
        if figure is None:
            return FigureMention(role.words, role.start, role.end, Standing.ROLE, "", "role", "", "shown")
        standing = standing_of(figure, today)
        return FigureMention(
            figure.name, role.start, role.end, standing, figure.died, "role", figure.estate, "shown"
        )

    def _named(self, text: FoldedText, today: date) -> list[FigureMention]:
        mentions: list[FigureMention] = []
        for hit in self._chosen(text):
            figure, spelled = self._spelled[hit.index]
            start, end = text.words[hit.first].start, text.words[hit.last].end
            last = mentions[-1] if mentions else None
            follows = (
                last is not None and last.use == "style" and joins_list(text.folded_between(last.end, start))
            )
            use = use_of(
                text.folded_between(max(0, start - _BEFORE_CHARACTERS), start),
                text.folded_between(end, end + _BEFORE_CHARACTERS),
                names_thing=_names_thing(text, hit),
                fields=figure.fields,
                shares_name=spelled.shared,
                follows_style=follows,
            )
            how = _how(text.original[start:end], hit.spelling, figure, spelled)
            standing = standing_of(figure, today)
            mentions.append(
                FigureMention(figure.name, start, end, standing, figure.died, how, figure.estate, use)
            )
        return mentions

    def _chosen(self, text: FoldedText) -> list[Hit]:
        """The hits that mean somebody, the longest where they overlap, in the order of the text."""
        words = [word.text for word in text.words]
        return longest(hit for hit in self._lexicon.find(text) if self._is_meant(text, words, hit))

    def _is_meant(self, text: FoldedText, words: list[str], hit: Hit) -> bool:
        spelled = self._spelled[hit.index][1]
        if spelled.comma and "," not in text.original[text.words[hit.first].start : text.words[hit.last].end]:
            return False
        others = _in_a_list(text, hit) if spelled.lists else _part_of_a_name(text, hit)
        if others and (spelled.lists or len(spelled.words) == 1):
            return False
        if spelled.need is Need.NOTHING or (
            spelled.need is Need.CAPITAL and hit.spelling in ("joined", "leet")
        ):
            return True
        if len(words) == len(spelled.words) and stands_out(spelled.words):
            return True  # nothing else is said, and the name is no everyday word
        cue = has_cue(words, hit.first, hit.last)
        capital = text.is_capital(hit.first, hit.last)
        if spelled.need is Need.CAPITAL:
            return cue or stands_out(spelled.words) or (capital and text.has_case)
        return cue and (capital or not text.has_case)


def _part_of_a_name(text: FoldedText, hit: Hit) -> bool:
    """Whether a name of one word stands beside a common given name or surname: it is then somebody else's, "Reagan Morgan"."""
    for beside in (hit.first - 1, hit.last + 1):
        if 0 <= beside < len(text.words) and text.touches(beside, hit.first):
            word = text.words[beside].text
            common = word in GIVEN or word in SURNAMES
            if common and (text.is_capital(beside, beside) if text.has_case else word not in WORDS):
                return True
    return False


def _in_a_list(text: FoldedText, hit: Hit) -> bool:
    """Whether "Lucas, George" may be two of several people: a comma stands before it, or a comma or "and" after it."""
    start, end = text.words[hit.first].start, text.words[hit.last].end
    after = text.words[hit.last + 1].text if hit.last + 1 < len(text.words) else ""
    beside = text.original[:start].rstrip()[-1:] + text.original[end:].lstrip()[:1]
    return "," in beside or "&" in beside or after in _AND


def _names_thing(text: FoldedText, hit: Hit) -> bool:
    after = hit.last + 1
    return after < len(text.words) and makes_a_thing(text.words[after].text, text.is_capital(after, after))


def _how(written: str, spelling: Spelling, figure: Figure, spelled: Spelled) -> How:
    if spelling != "exact":
        return spelling
    if spelled.words != fold_words(figure.name):
        return "alias"
    return "exact" if written.casefold() == figure.name.casefold() else "folded"
