"""The segments of the index: what is new joins the small one, full ones are left alone, what is erased leaves every one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from consent.biometrics import segments
from consent.biometrics.segments import Segments, nobody

SIZE = 8


def vector(number: int) -> NDArray[np.float32]:
    """float32[8] of length 1, one for each number."""
    drawn = np.random.default_rng(number).standard_normal(SIZE)
    return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)


def nothing() -> Segments:
    return nobody(SIZE)


def settled(held: Segments) -> list[tuple[str, ...]]:
    return [part.ids for part in held.settled]


def taken_in(held: Segments, *numbers: int, gone: frozenset[str] = frozenset()) -> Segments:
    """With the vectors of `numbers`, under the names t0, t1, …"""
    return held.changed(gone, [f"t{number}" for number in numbers], [vector(number) for number in numbers])


def names(held: Segments, query: int, threshold: float = 0.999) -> list[str]:
    return [name for _, name, _ in held.above(vector(query)[None], threshold)]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "RECENT", 3)
    monkeypatch.setattr(segments, "LARGEST", 10)


def test_nobody_is_found_among_nobody() -> None:
    assert nothing().above(vector(1)[None], -1.0) == []


def test_what_is_new_is_found_and_leaves_the_large_segment_as_it_is() -> None:
    before = taken_in(nothing(), 0, 1, 2, 3, 4)
    after = taken_in(before, 5)
    assert after.settled[0] is before.settled[0]
    assert [names(after, number) for number in range(6)] == [[f"t{number}"] for number in range(6)]


def test_a_full_recent_segment_joins_the_settled_one() -> None:
    held = nothing()
    for number in range(9):
        held = taken_in(held, number)
    assert ([len(ids) for ids in settled(held)], len(held.recent.ids)) == ([8], 1)
    assert [names(held, number) for number in range(9)] == [[f"t{number}"] for number in range(9)]


@pytest.mark.parametrize("erased", [1, 5], ids=["in the large segment", "in the recent one"])
def test_what_is_erased_leaves_the_memory(erased: int) -> None:
    before = taken_in(taken_in(nothing(), 0, 1, 2, 3), 4, 5)
    after = taken_in(before, gone=frozenset({f"t{erased}"}))
    held = [part.vectors.reconstruct_n(0, part.vectors.ntotal) for part in (*after.settled, after.recent)]
    assert sum(len(part) for part in held) == 5
    assert not any(np.allclose(row, vector(erased)) for part in held for row in part)
    assert names(after, erased) == []
    assert names(before, erased) == [f"t{erased}"]  # whoever still reads the old one is not disturbed


def test_a_segment_that_holds_nothing_of_what_is_gone_is_not_copied() -> None:
    before = taken_in(taken_in(nothing(), 0, 1, 2, 3), 4, 5)
    after = taken_in(before, gone=frozenset({"t4"}))
    assert after.settled[0] is before.settled[0]
    assert after.recent.ids == ("t5",)


def test_a_settled_segment_that_is_full_is_never_copied_again() -> None:
    held = nothing()
    for number in range(12):
        held = taken_in(held, number)
    assert [len(ids) for ids in settled(held)] == [8, 4]
    full, after = held.settled[0], taken_in(held, 12, 13, 14, 15, gone=frozenset({"t9"}))
    assert after.settled[0] is full
    assert [names(after, number) for number in (0, 9, 15)] == [["t0"], [], ["t15"]]


def test_the_last_one_may_go() -> None:
    held = taken_in(taken_in(nothing(), 0), gone=frozenset({"t0"}))
    assert (held.settled, held.recent.ids) == ((), ())
    assert names(taken_in(held, 1), 1) == ["t1"]


def test_several_queries_are_answered_by_their_row_with_the_cosine() -> None:
    held = taken_in(nothing(), 0, 1, 2, 3, 4)
    found = held.above(np.stack([vector(4), vector(9), vector(0)]), 0.999)
    assert sorted((row, name) for row, name, _ in found) == [(0, "t4"), (2, "t0")]
    assert all(cosine == pytest.approx(1.0, abs=1e-5) for _, _, cosine in found)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19), max_size=5)), max_size=8
    )
)
def test_however_it_came_about_exactly_the_living_are_held(steps: list[tuple[set[int], set[int]]]) -> None:
    held, alive = nothing(), set[int]()
    for erased, added in steps:
        gone, new = alive & erased, sorted(added - alive)
        held = taken_in(held, *new, gone=frozenset(f"t{number}" for number in gone))
        alive = (alive - gone) | set(new)
        assert sorted((*(name for ids in settled(held) for name in ids), *held.recent.ids)) == sorted(
            f"t{number}" for number in alive
        )
        assert len(held.recent.ids) <= 3
    for number in range(20):
        assert names(held, number) == ([f"t{number}"] if number in alive else [])
