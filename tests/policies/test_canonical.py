"""Our encoder of canonical JSON writes, for any value, the bytes that `rfc8785` writes, and refuses what it refuses."""

import math
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from policies.canonical import Encoded, NotCanonical, canonical, encoded, revision_of

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=True)
    | st.floats(0, 1).map(lambda score: round(score, 4))
    | st.text(alphabet=st.characters(exclude_categories=()))  # surrogates too
)
KEYS = st.text(max_size=6) | st.sampled_from(["a", "b", "\ufb33", "\U0001f600", "é"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5) | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


def by_the_package(value: Any) -> str | None:
    """None where it refuses."""
    try:
        return bytes(rfc8785.dumps(value)).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return None


def by_us(value: Any) -> str | None:
    """None where we refuse."""
    try:
        return canonical(value)
    except NotCanonical:
        return None


@given(VALUES)
@example([1e16, 1e21, 1e-7, 0.0001, 9.99e-5, -0.0, 1.0, 2.0**53, 2.0**53 - 1, 5e-324, 1.7976931348623157e308])
@example({"\ufb33": 1, "\U0001f600": 2, "a": 3})
@example(['\x00\x1f\x7f\\"/\b\f\n\r\t', "é€😀"])
def test_any_value_is_written_or_refused_as_by_the_package(value: Any) -> None:
    assert by_us(value) == by_the_package(value)


@given(VALUES)
def test_a_part_that_was_encoded_before_reads_the_same(value: Any) -> None:
    whole = by_the_package({"part": value, "z": [value]})
    if whole is not None:
        assert canonical({"part": encoded(value), "z": [encoded(value)]}) == whole


class Colour(StrEnum):
    RED = "red"


class Number(int):
    """Not plain."""


def test_what_is_no_plain_type_is_left_to_the_package() -> None:
    value = {"enum": Colour.RED, "number": Number(7), "inside": [{"deep": Colour.RED}]}
    assert by_us(value) == by_the_package(value) == '{"enum":"red","inside":[{"deep":"red"}],"number":7}'


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, "\ud800", {1: 2}, {"a": object()}, {b"a": 1}])
def test_what_has_no_canonical_form_is_refused_by_name(value: Any) -> None:
    with pytest.raises(NotCanonical, match="cannot be written as canonical JSON"):
        canonical(value)


def test_a_revision_is_the_hash_of_the_canonical_text() -> None:
    assert revision_of({"b": 1, "a": [2.0]}) == revision_of({"a": [2], "b": 1.0})
    assert canonical(Encoded('{"a":1}')) == '{"a":1}'
