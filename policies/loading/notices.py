"""What a right document switches off or leaves out, told to its author: nothing is refused for it.

A notice is about one thing, so that two documents can be held against each other; `gathered` folds for a reader what is
said of many alike, or the thirteen categories of one signal would hide the line that matters.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from policies.loading.problems import Problem
from policies.loading.source import Path, Tree
from policies.signals import SIGNALS
from policies.taxonomy import Verdict


@dataclass(frozen=True, slots=True)
class Notice(Problem):
    """A remark in the shape of a problem. `message` says `what` of the signal `of`, or of each of `names`: its categories,
    or signals where `of` is empty."""

    of: str
    names: tuple[str, ...]
    what: str


def gathered(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """One notice where the same is said of several names of one thing: it names all, and stands where the first stood."""
    found: dict[tuple[str, ...], Notice] = {}
    for notice in notices:
        key = (notice.code, notice.file, notice.of, notice.what)
        names = (*found[key].names, *notice.names) if key in found else notice.names
        first = found.get(key, notice)
        found[key] = replace(first, names=names, message=_sentence(first.of, names, first.what))
    return tuple(found.values())


def notices_of(tree: Tree) -> Iterator[Notice]:
    """All of a tree in which nothing is wrong, each about one name."""
    for name, clause in tree.data["signals"].items():
        path: Path = ("signals", name)
        for category, level in clause.get("thresholds", {}).items():
            yield from _threshold_off(tree, (*path, "thresholds", category), name, category, level)
        if clause.get("verdict") == Verdict.ALLOW:
            what = "switched off (allow); findings are recorded and have no effect"
            found = tree.problem("signal_off", (*path, "verdict"), what, "write review or block to use it")
            yield _about(name, (), found)
    for name in sorted(SIGNALS.keys() - tree.data["signals"].keys()):
        what = f"not mentioned; a finding is a {'block' if SIGNALS[name].fixed else 'review'}"
        found = tree.problem("signal_unmentioned", ("signals",), what, "add it to say what it means")
        yield _about("", (name,), found)


def _threshold_off(
    tree: Tree, path: Path, signal: str, category: str, level: Mapping[str, float]
) -> Iterator[Notice]:
    """A threshold that is 0, or not given."""
    off = [verdict for verdict in ("review", "block") if not level.get(verdict, 0)]
    if off:
        effect = "findings have no effect" if len(off) == 2 else f"no score leads to {off[0]}"
        what = f"the threshold for {' and '.join(off)} is off (0); {effect}"
        at = (*path, off[0])
        found = tree.problem("threshold_off", at, what, "write a score above 0 to switch it on")
        yield _about(signal, (category,), found)


def _about(of: str, names: tuple[str, ...], found: Problem) -> Notice:
    """A remark that says only what is found, as one that names what it is found of."""
    message = _sentence(of, names, found.message)
    return Notice(found.code, found.file, found.line, message, found.hint, of, names, found.message)


def _sentence(of: str, names: tuple[str, ...], what: str) -> str:
    return f"{' / '.join(part for part in (of, ', '.join(names)) if part)}: {what}"
