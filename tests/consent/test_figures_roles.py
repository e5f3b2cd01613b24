"""Roles: an office that one person holds is somebody; an office in a tale is nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.fold import FoldedText
from consent.public_figures.offices import parse_offices, shipped_offices
from consent.public_figures.roles import find_roles
from consent.public_figures.roster import shipped_roster


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
        ("baila el presidente de Estados Unidos", "presidente de Estados Unidos"),
        ("le président de la République française danse", "président de la République française"),
        ("der Bundeskanzler tanzt", "Bundeskanzler"),
        ("o presidente do Brasil dança", "presidente do Brasil"),
        ("美国总统在跳舞", "美国总统"),
        ("アメリカ大統領が踊る", "アメリカ大統領"),
        ("भारत के प्रधानमंत्री नाचते हैं", "भारत के प्रधानमंत्री"),
        ("الرئيس الأمريكي يرقص", "الرئيس الأمريكي"),
        ("танцует с президентом США", "президентом США"),
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
        "un presidente de Estados Unidos",
        "the former president of the United States",
    ],
)
def test_a_generic_or_invented_office_is_nobody(text: str) -> None:
    assert roles(text) == []


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("the 44th president of the United States dances", "Barack Obama"),
        ("the president of the United States in 2012 dances", "Barack Obama"),
        ("the president of the United States in 2009 dances", ""),
        ("the president of the United States dances", ""),
        ("the president of the United States in 1850 dances", ""),
        ("2012年的美国总统在跳舞", "Barack Obama"),
        ("der Bundeskanzler im Jahr 1999 tanzt", "Gerhard Schröder"),
        ("the CEO of Apple in 2005 dances", "Steve Jobs"),
    ],
)
def test_a_year_or_a_number_says_who_held_the_office_and_a_year_of_two_does_not(
    text: str, holder: str
) -> None:
    assert [role.holder for role in find_roles(FoldedText(text))] == [holder]


def test_everybody_who_held_a_listed_office_is_a_listed_figure() -> None:
    known = {alias.text for figure in shipped_roster().figures for alias in figure.aliases}
    offices = shipped_offices().by_name.values()
    assert {term.holder for office in offices for term in office.terms} - known == set()


@pytest.mark.parametrize("line", ["the king of nowhere", "the king of nowhere | Ivo Pleskov since 1990"])
def test_an_unreadable_office_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match=r"line 2: .*write: "):
        parse_offices(f"# offices\n{line}\n")


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_span_holds_the_role_whatever_surrounds_it(before: str, after: str) -> None:
    text = f"{before} ... we see the Pope ... {after}"
    for role in find_roles(FoldedText(text)):
        assert 0 <= role.start < role.end <= len(text)
    assert any(text[role.start : role.end] == "the Pope" for role in find_roles(FoldedText(text)))
