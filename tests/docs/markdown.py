"""Tables, and the blocks between markers that `make docs` rewrites; what stands outside the markers is written by hand."""

import re
from collections.abc import Iterable, Sequence

OPEN, CLOSE = "<!-- generated: {name} (make docs) -->", "<!-- end: {name} -->"


class MarkerMissing(ValueError):
    """The page has no place for a block."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; pipes and line breaks in cells are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """`text` as code; a dash for nothing."""
    return f"`{text}`" if text else "–"


def replace(page: str, name: str, content: str) -> str:
    """`page` with `content` between the markers of block `name`. Raises `MarkerMissing`."""
    opening, closing = OPEN.format(name=name), CLOSE.format(name=name)
    pattern = re.compile(re.escape(opening) + r".*?" + re.escape(closing), re.DOTALL)
    if not pattern.search(page):
        raise MarkerMissing(f"{name}: the page has no {opening} … {closing}; add both lines")
    block = f"{opening}\n\n{content.strip()}\n\n{closing}"
    return pattern.sub(lambda _: block, page)


def block(page: str, name: str) -> str:
    """What stands between the markers. Raises `MarkerMissing`."""
    opening, closing = OPEN.format(name=name), CLOSE.format(name=name)
    _, found, rest = page.partition(opening)
    inside, ended, _ = rest.partition(closing)
    if not found or not ended:
        raise MarkerMissing(f"{name}: the page has no {opening} … {closing}; add both lines")
    return inside.strip()


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
