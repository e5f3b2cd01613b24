"""Roles: an office that one person holds is somebody; an office in a tale is nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.fold import FoldedText
from consent.public_figures.roles import find_roles


def roles(text: str) -> list[str]:
    return [role.words for role in find_roles(FoldedText(text))]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("the current president of the United States dances", "the current president of the United States"),
        ("the President of the U.S. dances", "the President of the U.S"),
        ("the US president dances", "the US president"),
        ("the current president dances", "the current president"),
        ("a sitting prime minister dances", "sitting prime minister"),
        ("the Pope dances", "the Pope"),
        ("the King of England dances", "the King of England"),
        ("the  prime\nminister of  Japan dances", "the prime minister of Japan"),
        ("the Dalai Lama dances", "the Dalai Lama"),
        ("POTUS dances", "POTUS"),
        ("the CEO of Tesla dances", "the CEO of Tesla"),
    ],
)
def test_an_office_held_by_one_person_is_a_role(text: str, role: str) -> None:
    assert roles(text) == [role]


@pytest.mark.parametrize(
    "text",
    [
        "the president dances",
        "a president of the United States of Cats",
        "a king in a castle",
        "the king of the forest",
        "the queen of hearts",
        "the queen of Englandshire",
        "popes and popedom",
        "the prime minister",
        "the ceo of a company",
        "the president of the chess club",
    ],
)
def test_a_generic_or_invented_office_is_nobody(text: str) -> None:
    assert roles(text) == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_span_holds_the_role_whatever_surrounds_it(before: str, after: str) -> None:
    text = f"{before} ... the Pope ... {after}"
    for role in find_roles(FoldedText(text)):
        assert 0 <= role.start < role.end <= len(text)
    assert any(text[role.start : role.end] == "the Pope" for role in find_roles(FoldedText(text)))
