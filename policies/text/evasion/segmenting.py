"""Cutting letters that were run together into words: "killthemall", or the letters of "h o w t o k i l l"."""

from collections.abc import Iterator
from functools import cache

from policies.text.evasion.lexicon import ENGLISH, HARM, noted

SHORT = noted("short")
"""The short words that may be a part; any other part has at least four letters."""
IN_COMPOUNDS = noted("in compounds")
"""Words of the lexicon that are a part of ordinary compounds: "blackboard", "swordfish", "overkill". Alone they show nothing."""
LONGEST_PART = 16
LONGEST_RUN = 2_000
MIN_RUN = 8
"""Letters from which one token is taken for several words: "cockpit" and "shotgun" are shorter or listed."""


def segmented(word: str) -> Iterator[str]:
    """The words that one long token of lower-case letters is made of, where a harmful one is among them."""
    if len(word) < MIN_RUN:
        return
    found = words_of(word)
    harmful = [part for part in found if part in HARM and len(part) > 2]
    if len(found) > 1 and (
        len(harmful) > 1 or (len(found) > 2 and harmful) or any(p not in IN_COMPOUNDS for p in harmful)
    ):
        yield " ".join(found)


def words_of(letters: str) -> tuple[str, ...]:
    """The fewest words that the letters are cut into without rest, or ()."""
    if len(letters) > LONGEST_RUN:
        return ()
    best: list[tuple[int, int, int] | None] = [None] * (len(letters) + 1)
    best[0] = (0, 0, 0)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - LONGEST_PART), end):
            before = best[start]
            if before is None or not _is_part(letters[start:end]):
                continue
            cost = (before[0] + 1, before[1] - (end - start) ** 2, start)
            if best[end] is None or cost < best[end]:  # type: ignore[operator]  # None is excluded on the left
                best[end] = cost
    return _traced(letters, best)


def _traced(letters: str, best: list[tuple[int, int, int] | None]) -> tuple[str, ...]:
    words: list[str] = []
    end = len(letters)
    while end:
        step = best[end]
        if step is None:
            return ()
        words.append(letters[step[2] : end])
        end = step[2]
    return tuple(reversed(words))


@cache
def _parts() -> frozenset[str]:
    return frozenset(word for word in ENGLISH | HARM if len(word) > 3) | SHORT | noted("three letters")


def _is_part(letters: str) -> bool:
    return letters in _parts()
