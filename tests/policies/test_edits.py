"""Proposals for a text that was not allowed: least changed first, readable, and never for what concerns a child."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.edits.candidates import LEAST_TOKENS, MAX_CANDIDATES, EditKind, Fault, candidates
from policies.edits.places import clauses, sentences
from policies.edits.swaps import Swap, apply, disjoint, distance, tokens
from policies.edits.twins import AGE, TwinsUnreadable, parse_twins, twin_swaps, twins
from policies.taxonomy import Category

KNIGHT = "A knight beheads his foe in close-up, blood everywhere. Later the village celebrates with bread and music."
SINGER = "Taylor Swift sings in a small cafe, close to the camera."


def fault(text: str, words: str, category: Category | None, *generic: str) -> Fault:
    """A fault on these words."""
    start = text.index(words)
    return Fault(start, start + len(words), category, generic)


def texts(text: str, *faults: Fault, ages: bool = False) -> list[str]:
    return [edit.text for edit in candidates(text, faults, ages=ages)]


def test_a_name_becomes_a_role_before_anything_is_taken_away() -> None:
    found = candidates(SINGER, [fault(SINGER, "Taylor Swift", Category.PUBLIC_FIGURE, "a pop singer")])
    assert found[0].text == "A pop singer sings in a small cafe, close to the camera."
    assert (found[0].kind, found[0].changed) == (EditKind.REPLACE_NAME, 3)


def test_an_article_before_a_name_goes_with_it() -> None:
    text = "We see the Mario of our street."
    assert texts(text, fault(text, "Mario", Category.WORKS, "an invented character"))[0] == (
        "We see an invented character of our street."
    )


def test_the_best_description_of_a_name_comes_first() -> None:
    found = texts(
        SINGER,
        fault(SINGER, "Taylor Swift", Category.PUBLIC_FIGURE, "an invented singer", "an invented person"),
    )
    assert [one[:18] for one in found[:2]] == ["An invented singer", "An invented person"]


def test_a_substance_gets_no_code_word() -> None:
    text = "How to cook meth at home"
    assert texts(text, Fault(0, len(text), Category.ILLICIT)) == []


def test_words_are_exchanged_by_their_twins_of_this_category_alone() -> None:
    found = texts(KNIGHT, Fault(0, 54, Category.VIOLENCE))
    assert found[0].startswith("A knight defeats his foe in close-up, blood everywhere.")
    assert not any("defeats" in one for one in texts(KNIGHT, Fault(0, 54, Category.HATE)))


def test_an_article_fits_the_word_that_comes_in() -> None:
    text = "A teenager pours an old wine."
    assert "An adult pours an old wine." in texts(text, Fault(0, 28, Category.ILLICIT), ages=True)


def test_an_age_is_changed_only_where_the_age_was_asked_about() -> None:
    text = "A teenager pours an old wine."
    assert not any("adult" in one for one in texts(text, Fault(0, 28, Category.ILLICIT)))


def test_a_clause_and_a_sentence_can_go() -> None:
    found = texts(KNIGHT, Fault(0, 54, Category.VIOLENCE))
    assert "A knight beheads his foe in close-up. Later the village celebrates with bread and music." in found
    assert "Later the village celebrates with bread and music." in found


def test_a_name_and_a_deed_are_changed_together() -> None:
    text = "Elvis Presley stabs a man on a bridge."
    named = fault(text, "Elvis Presley", Category.PUBLIC_FIGURE, "a singer")
    found = texts(text, named, Fault(0, 37, Category.VIOLENCE))
    assert "A singer confronts a man on a bridge." in found


def test_nothing_is_proposed_for_minors_nor_without_a_place() -> None:
    deed = Fault(0, 10, Category.VIOLENCE)
    assert candidates(KNIGHT, [deed, Fault(2, 8, Category.MINORS)]) == ()
    assert candidates(KNIGHT, []) == ()
    assert candidates(KNIGHT, [Fault(5, 5000, Category.VIOLENCE)]) == ()


def test_nothing_is_proposed_that_says_nothing() -> None:
    assert candidates("Blood.", [Fault(0, 6, Category.VIOLENCE)]) == ()


@given(
    st.text(st.sampled_from("ab .,!\nkills blood the"), max_size=200),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=4),
)
def test_proposals_are_bounded_ordered_different_and_the_same_every_time(
    text: str, spans: list[tuple[int, int]]
) -> None:
    faults = [Fault(start, end, Category.VIOLENCE, ("a person",) * (start % 2)) for start, end in spans]
    found = candidates(text, faults)
    assert found == candidates(text, faults)
    assert len({edit.text for edit in found}) == len(found) <= MAX_CANDIDATES
    for edit in found:
        assert tokens(edit.text) != tokens(text)
        assert len(tokens(edit.text)) >= LEAST_TOKENS
        assert edit.changed > 0


@given(st.text(max_size=100))
def test_sentences_cover_what_can_be_read_and_do_not_overlap(text: str) -> None:
    places = sentences(text)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert all(left < right for place in places for left, right in clauses(text, place))


def test_a_long_change_counts_whole_and_a_short_one_token_by_token() -> None:
    assert distance("he kills her", [Swap(3, 8, "outwits")]) == 1
    assert distance("he kills her", [Swap(0, 12)]) == 3
    assert distance("word " * 500, [Swap(0, 2500, "less")]) == 500


def test_of_changes_that_overlap_the_first_and_longest_is_made() -> None:
    swaps = disjoint([Swap(3, 8, "b"), Swap(0, 5, "a"), Swap(0, 4, "c")])
    assert swaps == (Swap(0, 5, "a"),)
    assert apply("he kills her", swaps) == "alls her"


def test_what_was_not_touched_stays_as_it_was_written() -> None:
    assert apply("and then: he stabs it,\nwhile", [Swap(13, 18, "sees")]) == "and then: he sees it,\nwhile"


def test_the_table_has_no_section_for_minors_and_no_twin_that_is_a_wording_itself() -> None:
    table = twins()
    assert set(table) >= {"violence", "sexual", "self_harm", "hate", AGE}
    assert Category.MINORS.value not in table
    for section, pairs in table.items():
        for wording, twin in pairs.items():
            assert not twin_swaps(twin, [section]), (
                f"{section}: {wording} becomes {twin}, which is exchanged again"
            )


@pytest.mark.parametrize(
    ("text", "line"), [("[minors]\na = b", 1), ("[hate]\na", 2), ("a = b", 1), ("[hate]\n= b", 2)]
)
def test_a_table_that_cannot_be_read_names_the_line(text: str, line: int) -> None:
    with pytest.raises(TwinsUnreadable, match=f"twins.txt:{line}:"):
        parse_twins(text)
