"""One slip of the pen: a letter missing, doubled, wrong, or two neighbours swapped.

The distance is optimal string alignment (Damerau 1964) cut off at one, which covers about four in five typing slips.
"""

from typing import Final

LONG_WORD: Final = 5
SHORT_WORD: Final = 3


def one_slip(written: str, meant: str) -> bool:
    """Whether `written` is `meant` with at most one letter missing, added, replaced, or two neighbours swapped."""
    if abs(len(written) - len(meant)) > 1:
        return False
    start = 0
    for mine, theirs in zip(written, meant, strict=False):
        if mine != theirs:
            break
        start += 1
    rest, goal = written[start:], meant[start:]
    if len(rest) == len(goal):
        swapped = len(rest) > 1 and rest[0] == goal[1] and rest[1] == goal[0] and rest[2:] == goal[2:]
        return swapped or rest[1:] == goal[1:]
    return rest[1:] == goal if len(rest) > len(goal) else rest == goal[1:]


def plausible_slip(written: str, meant: str) -> bool:
    """Whether somebody who means `meant` may well write `written`.

    In a word of five letters or more any one slip; in a shorter one only two swapped letters, one doubled, or, of four
    letters, one missing: every other letter makes another short word of it ("Del" is not "Mel"). An ending is no slip.
    """
    if not one_slip(written, meant) or written in (f"{meant}s", f"{meant}d", f"{meant}r"):
        return False
    if len(meant) >= LONG_WORD:
        return True
    if len(written) == len(meant):
        return sorted(written) == sorted(meant)
    if len(written) < len(meant):
        return len(meant) == LONG_WORD - 1
    return len(meant) >= SHORT_WORD and any(
        written[at] == written[at - 1] and written[:at] + written[at + 1 :] == meant
        for at in range(1, len(written))
    )


def deletions(word: str) -> set[str]:
    """The word and every word that one missing letter makes of it: two words one slip apart share one of these."""
    return {word} | {word[:place] + word[place + 1 :] for place in range(len(word))}
