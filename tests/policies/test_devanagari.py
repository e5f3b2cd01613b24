"""Hindi as it is typed in Latin letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.devanagari import in_latin_letters


@pytest.mark.parametrize(
    ("hindi", "typed"),
    [
        ("नफ़रत करते हैं", "nafrat karte hain"),
        ("बिहारी छठ पूजा", "bihari chhath puja"),
        ("मुसलमानों को", "musalmanon ko"),
        ("दादी के घर १२ आम।", "dadi ke ghar 12 am."),
        ("न", "na"),
        ("a फूल in a vase", "a phul in a vase"),
    ],
)
def test_hindi_is_written_as_people_type_it(hindi: str, typed: str) -> None:
    assert in_latin_letters(hindi) == typed


@given(st.text(st.characters(max_codepoint=0x08FF)))
def test_other_scripts_stay_as_they_are(text: str) -> None:
    assert in_latin_letters(text) == text


@given(st.text(st.characters(min_codepoint=0x0900, max_codepoint=0x097F), max_size=30))
def test_nothing_of_devanagari_is_left(text: str) -> None:
    assert not any("\u0900" <= letter <= "\u097f" for letter in in_latin_letters(text))
