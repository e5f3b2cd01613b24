"""One slip of the pen, and when it is believable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.spelling import deletions, one_slip, plausible_slip

WORD = st.text(alphabet="abcde", min_size=1, max_size=7)


@pytest.mark.parametrize(
    ("written", "meant", "near"),
    [
        ("rpesley", "presley", True),
        ("resley", "presley", True),
        ("ppresley", "presley", True),
        ("prasley", "presley", True),
        ("presley", "presley", True),
        ("presely", "presley", True),
        ("persely", "presley", False),
        ("pres", "presley", False),
        ("presleyyy", "presley", False),
        ("prxslxy", "presley", False),
    ],
)
def test_one_letter_missing_added_replaced_or_swapped_is_one_slip(
    written: str, meant: str, near: bool
) -> None:
    assert one_slip(written, meant) is near


@pytest.mark.parametrize(
    ("written", "meant", "plausible"),
    [
        ("tmo", "tom", True),
        ("toom", "tom", True),
        ("tm", "tom", False),
        ("dom", "tom", False),
        ("bll", "bill", True),
        ("bell", "bill", False),
        ("bil", "bill", True),
        ("abill", "bill", False),
        ("raiders", "raider", False),
        ("raided", "raide", False),
        ("raidder", "raider", True),
        ("xaider", "raider", True),
    ],
)
def test_short_words_and_endings_forgive_less(written: str, meant: str, plausible: bool) -> None:
    assert plausible_slip(written, meant) is plausible


@given(WORD, WORD)
def test_a_slip_works_both_ways(one: str, other: str) -> None:
    assert one_slip(one, other) == one_slip(other, one)


@given(WORD, WORD)
def test_words_one_slip_apart_share_a_deletion(one: str, other: str) -> None:
    if one_slip(one, other):
        assert deletions(one) & deletions(other)


@given(WORD, st.integers(0, 6))
def test_a_deleted_letter_is_one_slip(word: str, place: int) -> None:
    shorter = word[:place] + word[place + 1 :]
    assert one_slip(shorter, word)
    assert shorter in deletions(word)
