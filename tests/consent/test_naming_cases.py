"""The forms that grammar gives a name: found in a text, and none made of names that have none."""

import pytest

from consent.naming.cases import forms_of
from consent.naming.fold import FoldedText


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Иво Плесков", "Иво Плескова"),
        ("Орла Бренникова", "Орлы Бренниковой"),
        ("Джек Брук", "Джека Брука"),
        ("Юрий Бреннский", "Юрия Бреннского"),
    ],
)
def test_a_russian_name_has_its_cases(name: str, form: str) -> None:
    assert form in set(forms_of(name))


def test_an_arabic_name_takes_the_words_written_onto_it() -> None:
    assert "وترامب" in set(forms_of("ترامب"))


@pytest.mark.parametrize("name", ["Orla Brennivin", "普京", "トランプ", "मोदी", ""])
def test_a_name_in_another_script_has_no_forms(name: str) -> None:
    assert list(forms_of(name)) == []


def test_a_name_in_katakana_ends_where_the_particle_begins() -> None:
    (name,) = FoldedText("トランプ").words
    assert FoldedText("トランプが走る").words[0] == name
