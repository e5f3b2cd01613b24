"""Finding protected works in text, with an invented catalogue: which, where, and whether they would be seen."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.fold import fold_words
from consent.works.catalogue import COLUMNS, Catalogue, ListedWork, WorkKind, parse_catalogue, with_registered
from consent.works.names import WorkMatcher, WorkMention

ROWS = (
    "work_1,Zorbo Flank,Captain Zorbo|Gork Zorbo,Zorboverse,character,Zorbo Ltd,t",
    "work_2,~Quibbletron,,Zorboverse,character,Zorbo Ltd,t",
    "work_3,?Drift,,Zorboverse,film,Zorbo Ltd,t",
    "work_4,~The Last Umbrella,,,film,,t",
    "work_5,Fizzlecorp Studios,,,studio,,t",
    "work_6,~Nokkia,,,brand,,t",
    "work_7,?Dash,,Zorboverse,character,Zorbo Ltd,t",
    "work_8,Plink Plonk Panic,,,game,,t",
)


def catalogue(*rows: str) -> Catalogue:
    return parse_catalogue("\n".join((",".join(COLUMNS), *rows, "")))


MATCHER = WorkMatcher(catalogue(*ROWS))


def names(text: str) -> list[str]:
    return [mention.name for mention in MATCHER.find(text)]


def test_a_mention_says_which_work_where_how_and_whose() -> None:
    assert MATCHER.find("see zorbo flank fly") == (
        WorkMention(
            "work_1", "Zorbo Flank", "Zorboverse", WorkKind.CHARACTER, 4, 15, "exact", "shown", "Zorbo Ltd"
        ),
    )


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Zorbo Flank flies", "exact"),
        ("Zörbo Flank flies", "folded"),
        ("Captain Zorbo flies", "alias"),
        ("zorboflank flies", "joined"),
        ("z o r b o f l a n k", "joined"),
        ("Z0rb0 Fl4nk flies", "leet"),
        ("Zorrbo Flank flies", "misspelled"),
    ],
)
def test_every_spelling_is_found_and_named(text: str, how: str) -> None:
    assert [(mention.name, mention.how) for mention in MATCHER.find(text)] == [("Zorbo Flank", how)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("quibbletron jumps", ["Quibbletron"]),
        ("two quibbletrons jump", ["Quibbletron"]),
        ("quibbletronic music", []),
        ("The Last Umbrella opens", ["The Last Umbrella"]),
        ("A man in the last umbrella shop", []),
        ("the last umbrella", ["The Last Umbrella"]),
        ("a scene from the last umbrella", ["The Last Umbrella"]),
        ("Drift on a river", []),
        ("snow and Drift on a river", []),
        ("the movie Drift on a river", ["Drift"]),
        ("a scene of 'Drift' tonight", ["Drift"]),
        ("cars drift in a movie", ["Drift"]),
        ("A car will drift in a movie", []),
        ("Drift", []),
        ("Dash", ["Dash"]),
        ("a Dash", ["Dash"]),
        ("dash", []),
        ("Zorboverse hero Dash", ["Dash"]),
        ("", []),
    ],
)
def test_a_title_of_common_words_needs_a_capital_a_cue_or_to_stand_alone(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("Zorbo Flank flies", "shown"),
        ("a Zorbo Flank style cape", "shown"),
        ("not Zorbo Flank but close", "shown"),
        ("in the world of Plink Plonk Panic", "setting"),
        ("a Plink Plonk Panic universe at night", "setting"),
        ("a hill in the style of Plink Plonk Panic", "style"),
        ("two people discussing Plink Plonk Panic", "mentioned"),
        ("is Plink Plonk Panic copyrighted", "mentioned"),
        ("a bear is Zorbo Flank", "shown"),
        ("a Plink Plonk Panic copyright lawyer", "mentioned"),
        ("a fizzlecorp studios cat", "style"),
        ("the Nokkia logo on a wall", "logo"),
        ("a dress with the brand's logo by Nokkia", "logo"),
        ("a commercial for Nokkia", "theme"),
        ("a woman with a Nokkia phone", "passing"),
    ],
)
def test_the_words_beside_a_name_say_what_would_be_seen(text: str, use: str) -> None:
    (mention,) = MATCHER.find_all(text)
    assert mention.use == use
    assert bool(MATCHER.find(text)) is (use not in ("mentioned", "passing"))


def test_a_slip_is_forgiven_in_a_characters_name_and_not_in_a_title() -> None:
    assert names("Zorbo Flamk flies") == ["Zorbo Flank"]
    assert names("Plink Plonk Panoc tonight") == []


def test_works_that_rights_holders_registered_are_found_too() -> None:
    (mine,) = catalogue("work_9,Mirri Tock,,,character,acct_1,").works
    grown = WorkMatcher(with_registered(catalogue(*ROWS), [mine]))
    assert [mention.work_id for mention in grown.find("Mirri Tock and Zorbo Flank")] == ["work_9", "work_1"]
    assert grown.revision != MATCHER.revision


def test_a_registered_work_takes_the_place_of_the_listed_one() -> None:
    (mine,) = catalogue("work_1,Zorbo the Great,,,character,acct_1,").works
    grown = WorkMatcher(with_registered(catalogue(*ROWS), [mine]))
    assert [mention.holder for mention in grown.find("Zorbo the Great and Zorbo Flank")] == ["acct_1"]


def test_a_work_keeps_the_fields_of_its_row() -> None:
    work: ListedWork = catalogue(*ROWS).works[0]
    assert (work.name, work.kind, work.holder) == ("Zorbo Flank", WorkKind.CHARACTER, "Zorbo Ltd")


def test_the_revision_follows_the_catalogue() -> None:
    assert WorkMatcher(catalogue(*ROWS)).revision == MATCHER.revision
    assert WorkMatcher(catalogue(*ROWS[1:])).revision != MATCHER.revision
    assert MATCHER.revision.startswith("works:")


@given(st.text(max_size=300))
def test_spans_lie_within_any_text(text: str) -> None:
    for mention in MATCHER.find_all(text):
        assert 0 <= mention.start < mention.end <= len(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_plain_name_is_found_whatever_surrounds_it_and_its_span_folds_to_it(
    before: str, after: str
) -> None:
    text = f"{before} | Plink Plonk Panic | {after}"
    spans = {text[m.start : m.end] for m in MATCHER.find_all(text) if m.work_id == "work_8"}
    assert any(fold_words(span) == ("plink", "plonk", "panic") for span in spans)


@given(st.sampled_from("abcxyz9é"))
def test_a_letter_more_makes_another_word(letter: str) -> None:
    assert names(f"so plink plonk panic{letter}x so") == []
    assert names(f"so {letter}xplink plonk panic so") == []


@pytest.mark.parametrize("piece", ["a ", "zorbo xqzv ", "z o r b o ", "Drift, "])
def test_a_hundred_kilobytes_take_time_in_proportion(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    started = time.process_time()
    MATCHER.find(text)
    assert time.process_time() - started < 10.0
