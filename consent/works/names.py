"""Protected works named in a text: which, where, how they are spelled, and whether they would be seen.

The matcher knows the catalogue and the context rules, and no policy and no licence: what a mention means is decided elsewhere,
with `consent.works.rights`. Words are matched, never substrings; every span points into the original text.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

from consent.naming.cases import forms_of
from consent.naming.common import GIVEN, SURNAMES, WORDS, WRITTEN, stands_out
from consent.naming.fold import FoldedText, fold_words
from consent.naming.hits import Hit, LexiconName
from consent.naming.lexicon import Lexicon, longest
from consent.naming.marks import Need
from consent.works.catalogue import Catalogue, ListedWork, WorkKind, shipped_catalogue
from consent.works.context import CUE_REACH, CUES, WEAK_CUES, Use, use_of

CODE_VERSION: Final = 2
"""Raised with every change of the rules, so that the revision of a finding changes with them."""

How = Literal["exact", "folded", "alias", "joined", "leet", "misspelled"]

_UNSEEN: Final = ("mentioned", "passing")
_AROUND_CHARACTERS: Final = 60
_QUOTES: Final = frozenset("\"'“”‘’«»„「」『』")
_ARTICLES: Final = frozenset(("a", "an", "the"))


@dataclass(frozen=True, slots=True)
class WorkMention:
    """One work named in a text.

    `work_id`, `name`, `franchise`, `kind` and `holder` are the catalogue's. `start`, `end`: half-open, code points of the
    original text. `how`: how the text spells the name. `use`: `shown`; only a `style` or a `setting`; for a brand its `logo`
    or the `theme` of the clip; `passing` and `mentioned` show nothing of it.
    """

    work_id: str
    name: str
    franchise: str
    kind: WorkKind
    start: int
    end: int
    how: How
    use: Use
    holder: str


@dataclass(frozen=True, slots=True)
class _Name:
    work: ListedWork
    words: tuple[str, ...]
    need: Need
    franchise_words: frozenset[str]


class WorkMatcher:
    """Finds the works of a catalogue in text. `find` is pure, and linear in the text."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        catalogue = catalogue or shipped_catalogue()
        self._names = [name for work in catalogue.works for name in _names_of(work)]
        borne = Counter(chain.from_iterable({*name.words} for name in self._names))
        self._lexicon = Lexicon(
            (
                LexiconName(name.words, index, joins=_may_join(name), slips=_may_slip(name))
                for index, name in enumerate(self._names)
            ),
            known={word for word, bearers in borne.items() if bearers > 2}
            | GIVEN
            | SURNAMES
            | WORDS
            | WRITTEN,
            common=GIVEN | SURNAMES | WORDS | WRITTEN,
        )
        code = f"{catalogue.digest}:{CODE_VERSION}"
        self.revision = f"works:{hashlib.sha256(code.encode()).hexdigest()[:12]}"

    def find(self, text: str) -> tuple[WorkMention, ...]:
        """The works that would be seen or heard, or whose style or setting is asked for, in the order of the text."""
        return tuple(mention for mention in self.find_all(text) if mention.use not in _UNSEEN)

    def find_all(self, text: str) -> tuple[WorkMention, ...]:
        """As `find`, with those merely mentioned or in passing too: for explaining why a name was let pass."""
        folded = FoldedText(text)
        words = [word.text for word in folded.words]
        vocabulary = frozenset(words)
        hits = [hit for hit in self._lexicon.find(folded) if self._is_meant(folded, words, vocabulary, hit)]
        return tuple(self._mention(folded, hit) for hit in longest(hits))

    def _mention(self, text: FoldedText, hit: Hit) -> WorkMention:
        name = self._names[hit.index]
        start, end = text.words[hit.first].start, text.words[hit.last].end
        before = text.folded_between(max(0, start - _AROUND_CHARACTERS), start)
        use = use_of(before, text.folded_between(end, end + _AROUND_CHARACTERS), name.work.kind)
        how = _how(text.original[start:end], hit, name)
        work = name.work
        return WorkMention(
            work.work_id, work.name, work.franchise, work.kind, start, end, how, use, work.holder
        )

    def _is_meant(self, text: FoldedText, words: list[str], vocabulary: frozenset[str], hit: Hit) -> bool:
        name = self._names[hit.index]
        if name.need is Need.NOTHING or hit.spelling in ("joined", "leet"):
            return True
        near = (
            words[max(0, hit.first - CUE_REACH) : hit.first] + words[hit.last + 1 : hit.last + 1 + CUE_REACH]
        )
        cue = (
            not CUES.isdisjoint(near) or not name.franchise_words.isdisjoint(vocabulary) or _quoted(text, hit)
        )
        capital = text.is_capital(hit.first, hit.last)
        alone = hit.last == len(words) - 1 and _ARTICLES.issuperset(words[: hit.first])
        if name.need is Need.CAPITAL:
            told = cue and (len(name.words) == 1 or not text.has_case)
            return told or alone or stands_out(name.words) or (capital and text.has_case)
        if alone:
            return capital and name.work.kind is WorkKind.CHARACTER
        if not text.has_case:
            everyday = WEAK_CUES if WORDS.issuperset(name.words) else frozenset()
            return cue and not everyday.issuperset(CUES.intersection(near))
        return cue and capital and (_quoted(text, hit) or not text.begins_sentence(hit.first))


def _names_of(work: ListedWork) -> list[_Name]:
    group = frozenset(word for word in fold_words(work.franchise) if len(word) > 3)
    names = []
    for alias in work.names:
        words = fold_words(alias.text)
        if words:
            names.append(_Name(work, words, alias.need, group - {*words}))
            names += [_Name(work, fold_words(form), alias.need, group) for form in forms_of(alias.text)]
            if (
                len(words) == 1
                and work.kind is WorkKind.CHARACTER
                and len(words[0]) > 3
                and not words[0].endswith("s")
            ):
                names.append(_Name(work, (f"{words[0]}s",), alias.need, group - {*words}))
    return names


def _may_join(name: _Name) -> bool:
    """Whether the name may be run together, spelled out or in leet: not where its words could run into another word,
    nor where its letters are one, "S.T.A.L.K.E.R."."""
    if "".join(name.words) in WRITTEN and all(len(word) == 1 for word in name.words):
        return False
    return name.need is not Need.CUE or (
        len(name.words) > 1 and not any(word in WORDS for word in name.words)
    )


def _may_slip(name: _Name) -> bool:
    """Slips are forgiven in the names of characters; one letter off a title is mostly a plain phrase."""
    return name.need is Need.NOTHING and name.work.kind is WorkKind.CHARACTER


def _quoted(text: FoldedText, hit: Hit) -> bool:
    start, end = text.words[hit.first].start, text.words[hit.last].end
    return (
        text.original[start - 1 : start] in _QUOTES and text.original[end : end + 1] in _QUOTES and start > 0
    )


def _how(written: str, hit: Hit, name: _Name) -> How:
    if hit.spelling != "exact":
        return hit.spelling
    if name.words != fold_words(name.work.name):
        return "alias"
    return "exact" if written.casefold() == name.work.name.casefold() else "folded"
