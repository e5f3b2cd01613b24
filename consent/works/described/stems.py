"""Words as traits compare them: without endings, and with the many words for one colour, animal or size as one.

A description of a character is mostly rewritten by exchanging such words ("a crimson cap" for "a red cap"), so they are
brought together here, once, for the list and for the text alike.
"""

import functools
from typing import Final

_SAME: Final = """
red crimson scarlet ruby ruddy
yellow golden gold
blue azure cobalt cerulean sapphire
green emerald
purple violet lilac lavender
pink magenta rosy
white alabaster ivory snowy
black ebony jet onyx
gray grey
orange tangerine
blond blonde
cat feline kitty kitten
dog canine hound
rabbit bunny hare
mouse rodent
turtle tortoise
bird avian
horse equine
pig swine porcine
robot mechanical android robotic automaton droid
car automobile
giant colossal gigantic enormous
small tiny little diminutive petite miniature
round spherical bulbous rotund
glowing luminous luminescent radiant
eye ocular
nose snout
hat cap
mustache moustache
armor armour
collar neckband
big large oversized huge
sharp jagged pointed pointy
cape cloak
sad gloomy
chest torso
pouch pocket
letter initial
"""
PASSED_OVER: Final = frozenset(
    """a an the and of with his her its their in on at to from for is are that this by as it""".split()  # noqa: SIM905 - a list of words is read as one
)
"""Words that may stand between the words of a trait and say nothing."""


def stem_of(word: str) -> str:
    """The form under which a folded `word` is compared: a synonym's first word, without a common English ending."""
    return _stem(_FIRST.get(word) or _FIRST.get(_stem(word)) or word)


@functools.lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return _undoubled(word.removesuffix(ending))
    if word.endswith("ies") and len(word) > 4:
        return word.removesuffix("ies") + "y"
    if word.endswith("es") and len(word) > 3 and word[-3] in "sxzh":
        word = word.removesuffix("es")
    elif word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        word = word.removesuffix("s")
    return word.removesuffix("e") if len(word) > 4 else word


def _undoubled(stem: str) -> str:
    """`swimm` to `swim`, and without a silent e, so that "glows", "glowed" and "glowing" meet."""
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "ls":
        stem = stem[:-1]
    return stem.removesuffix("e") if len(stem) > 3 else stem


_FIRST: Final = {
    word: words[0] for line in _SAME.split("\n") if (words := line.split()) for word in words[1:]
}
