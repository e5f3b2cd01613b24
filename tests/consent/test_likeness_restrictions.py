"""Restrictions in plain words: what is understood, what a person must read, and what a use then breaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.likeness.lexicon import NEGATIONS, SUBJECTS
from consent.likeness.models import Likeness
from consent.likeness.restrictions import (
    Breach,
    Compiled,
    RestrictionInvalid,
    add_restriction,
    compile_restriction,
    find_breaches,
    judge,
    withdraw_restriction,
)
from moderation.store import Database
from policies.taxonomy import Category
from tests.support.people import People


def breaches(words: str, text: str = "", categories: frozenset[str] = frozenset()) -> list[tuple[str, bool]]:
    found = judge("r", "l", words, compile_restriction(words), categories=categories, text=text)
    return [(breach.subject, breach.certain) for breach in found]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("no violence", ("violence",)),
        ("Not with alcohol.", ("alcohol",)),
        ("no politics", ("politics",)),
        ("No sex, drugs or gambling", ("sexual", "drugs", "gambling")),
        ("no violence and no alcohol", ("violence", "alcohol")),
        ("never in religious content; don’t show me with guns!", ("religion", "weapons")),
        ("no violence. no violent scenes", ("violence",)),
        ("without smoking\nnot for ads", ("tobacco", "advertising")),
    ],
)
def test_plain_refusals_of_known_subjects_are_understood(words: str, refused: tuple[str, ...]) -> None:
    assert compile_restriction(words) == Compiled(refused, ())


@pytest.mark.parametrize(
    "words",
    [
        "only comedy",
        "violence",
        "no problem with alcohol",
        "not without my dog",
        "no violence against animals",
        "nothing my mother would not like",
        "kein Alkohol",
        "no",
        "alcohol is fine",
    ],
)
def test_any_other_wording_is_kept_for_a_person_and_never_guessed_at(words: str) -> None:
    compiled = compile_restriction(words)
    assert compiled.refused == ()
    assert compiled.not_understood
    assert breaches(words, "a quiet walk") == [("", False)]


def test_what_is_understood_holds_even_beside_what_is_not() -> None:
    compiled = compile_restriction("no alcohol, and nothing silly")
    assert compiled == Compiled(("alcohol",), ("nothing silly",))
    assert breaches("no alcohol, and nothing silly", "he drinks a beer") == [("alcohol", True), ("", False)]


def test_the_owner_is_shown_what_was_understood_and_what_was_not() -> None:
    assert compile_restriction("no sex, no self-harm, only comedy").shown_back == (
        "Refused: sexual, self harm. Not understood, so a person looks at every use: “only comedy”."
    )


@pytest.mark.parametrize("text", ["a glass of WINE", "beer!", "two cocktails at noon", "the alcoholic drink"])
def test_a_word_of_a_refused_subject_is_a_breach(text: str) -> None:
    assert breaches("no alcohol", text) == [("alcohol", True)]


@pytest.mark.parametrize(
    "text", ["", "a winery tour begins", "the beerless picnic of Wineburg", "ginger bread", "drum rolls"]
)
def test_parts_of_other_words_are_no_breach(text: str) -> None:
    assert breaches("not with beer", text) == []


def test_a_breach_points_at_the_word_in_the_text() -> None:
    text = "Anna lifts a cold beer"
    (breach,) = judge("r1", "l1", "no alcohol", compile_restriction("no alcohol"), categories=(), text=text)
    assert breach == Breach("r1", "l1", "no alcohol", "alcohol", True, 18, 22)
    assert text[breach.start : breach.end] == "beer"


def test_a_category_that_was_found_is_a_breach_without_any_word() -> None:
    assert breaches("no violence", "two men in a yard", frozenset({"violence"})) == [("violence", True)]
    assert breaches("no violence", "two men in a yard", frozenset({"sexual"})) == []


@pytest.mark.parametrize(
    "text", ["a close-up shot of Anna", "the beat drops", "smoke from the chimney", "a better bet"]
)
def test_words_of_film_and_music_are_no_violence_and_no_vice(text: str) -> None:
    assert breaches("no violence, smoking, gambling, weapons", text) == []


def test_every_category_of_the_lexicon_is_one_of_the_content_policy() -> None:
    assert {subject.category for subject in SUBJECTS if subject.category} <= {
        category.value for category in Category
    }


def test_no_phrase_means_two_subjects_and_longer_refusals_are_tried_first() -> None:
    phrases = [phrase for subject in SUBJECTS for phrase in subject.said]
    assert len(phrases) == len(set(phrases))
    for place, negation in enumerate(NEGATIONS):
        assert not any(later.startswith(f"{negation} ") for later in NEGATIONS[place + 1 :])


@given(
    subject=st.sampled_from(SUBJECTS),
    negation=st.sampled_from(NEGATIONS),
    shout=st.booleans(),
    data=st.data(),
)
def test_every_refusal_of_every_phrase_is_understood(
    subject: object, negation: str, shout: bool, data: st.DataObject
) -> None:
    chosen = next(known for known in SUBJECTS if known is subject)
    words = f"{negation} {data.draw(st.sampled_from(sorted(chosen.said)))}"
    assert compile_restriction(words.upper() if shout else words) == Compiled((chosen.name,), ())


@given(words=st.text(max_size=80))
def test_no_wording_is_ever_dropped(words: str) -> None:
    compiled = compile_restriction(words)
    if any(
        character.isalnum()
        for character in words.lower().replace("and", "").replace("or", "").replace("but", "")
    ):
        assert compiled.refused or compiled.not_understood


def test_a_restriction_is_a_revision_of_its_own_and_is_judged_until_withdrawn(
    database: Database, people: People
) -> None:
    with database.transaction() as session:
        people.enrol(session, 1)
        change, compiled = add_restriction(
            session,
            restriction_id="r1",
            likeness_id="likeness_1",
            words=" no alcohol ",
            actor="account_1",
            now_ms=2_000,
        )
        assert (change.revision, change.change, compiled.refused) == (2, "restricted", ("alcohol",))
    with database.read() as session:
        (breach,) = find_breaches(session, ["likeness_1", "other"], categories=(), text="a beer")
        assert (breach.restriction_id, breach.words) == ("r1", "no alcohol")
        assert session.get_one(Likeness, "likeness_1").restrictions_revision == 2
    with database.transaction() as session:
        change = withdraw_restriction(
            session, restriction_id="r1", likeness_id="likeness_1", actor="account_1", now_ms=3_000
        )
        assert change.revision == 3
        assert session.get_one(Likeness, "likeness_1").restrictions_revision == 3
        assert find_breaches(session, ["likeness_1"], categories=(), text="a beer") == ()


@pytest.mark.parametrize("words", ["", "  \n", "no " * 200])
def test_an_empty_or_endless_restriction_is_refused(
    sqlite_database: Database, people: People, words: str
) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        with pytest.raises(RestrictionInvalid, match=r"^words: ") as refused:
            add_restriction(
                session, restriction_id="r1", likeness_id="likeness_1", words=words, actor="a", now_ms=2_000
            )
        assert refused.value.code == "restriction.invalid"


def test_a_restriction_that_does_not_stand_cannot_be_withdrawn(
    sqlite_database: Database, people: People
) -> None:
    with sqlite_database.transaction() as session:
        people.enrol(session, 1)
        with pytest.raises(RestrictionInvalid, match="list them"):
            withdraw_restriction(
                session, restriction_id="r1", likeness_id="likeness_1", actor="account_1", now_ms=3_000
            )
