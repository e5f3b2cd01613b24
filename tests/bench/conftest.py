"""One collection of figures for all benches, printed and written when the last has run."""

from collections.abc import Iterator

import pytest

from tests.bench.figures import Figures


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """Where each bench puts what it measured."""
    collected = Figures()
    yield collected
    if collected.all:
        collected.write()
        print(f"\n\n{collected.table()}\n")
