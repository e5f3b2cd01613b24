"""The lexicon: every way a name may be written, and never inside a longer word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.common import stands_out
from consent.naming.fold import FoldedText, fold_words
from consent.naming.hits import Hit, LexiconName
from consent.naming.lexicon import Lexicon, longest, skeleton
from consent.naming.marks import Alias, Need, read_alias

NAMES = ("Elvis Presley", "Ada", "Jet Li", "Zendaya", "Kim Jong Un", "Maria Lopez Garcia")


def lexicon(
    *names: str,
    known: tuple[str, ...] = (),
    common: tuple[str, ...] = (),
    given: tuple[str, ...] = (),
    joins: bool = True,
    slips: bool = True,
) -> Lexicon:
    entries = [LexiconName(fold_words(name), index, joins, slips) for index, name in enumerate(names)]
    return Lexicon(entries, known, common, given)


def spelled(text: str, book: Lexicon | None = None) -> list[tuple[str, str]]:
    folded = FoldedText(text)
    hits = longest((book or lexicon(*NAMES)).find(folded))
    return [
        (NAMES[hit.index], text[folded.words[hit.first].start : folded.words[hit.last].end]) for hit in hits
    ]


@pytest.mark.parametrize(
    "written",
    [
        "elvis presley",
        "ELVIS PRESLEY",
        "ElvisPresley",
        "elvis-presley",
        "elvis_presley",
        "E l v i s P r e s l e y",
        "E.l.v.i.s. .P.r.e.s.l.e.y",
        "3lv15 pr35l3y",
        "e1v!s pr3sley",
        "Elviiis Presley",
        "Elvіs Prеslеy",
        "Elvis rPesley",
        "Elvis resley",
        "Elvis PPresley",
        "Elvsi Presley",
        "Elvis Preslay",
        "elvispresly",
        "Elvi spresley",
        "elviz presle",
        "Elvis J. Presley",
        "realelvispresley",
        "elvispresley77",
        "theelvispresley",
        "Elviss Prezly",
        "alvis presle",
    ],
)
def test_a_name_is_found_however_it_is_written(written: str) -> None:
    assert spelled(f"look, {written} walks by") == [("Elvis Presley", written)]


@pytest.mark.parametrize(
    "text",
    [
        "elvispresleyish",
        "unelvispresley",
        "elvis presleys",
        "adamant adage adapter",
        "jetlined jetli",
        "zendayas",
        "elvis x presley",
        "presley elvis",
        "alviss presle",
        "z e n d a y a h",
    ],
)
def test_a_name_is_not_found_inside_longer_words_or_among_other_words(text: str) -> None:
    assert spelled(text) == []


def test_a_short_name_is_not_run_together() -> None:
    assert spelled("jet li") == [("Jet Li", "jet li")]
    assert spelled("jetli") == []


def test_a_space_in_the_wrong_place_needs_a_long_name() -> None:
    assert spelled("kimj ongun") == [("Kim Jong Un", "kimj ongun")]
    assert spelled("je tli") == []


def test_a_name_of_one_word_may_be_spelled_out_and_not_split() -> None:
    assert spelled("z e n d a y a") == [("Zendaya", "z e n d a y a")]
    assert spelled("zen daya") == []


def test_letters_that_go_on_are_another_word() -> None:
    assert spelled("x z e n d a y a") == []


def test_a_known_word_is_no_slip_of_another() -> None:
    assert spelled("elvas presley") == [("Elvis Presley", "elvas presley")]
    taken = lexicon(*NAMES, known=("elvas",), common=("elvas", "presley"))
    assert spelled("elvas presley", taken) == []


def test_a_name_that_forgives_nothing_is_found_only_as_it_is() -> None:
    strict = lexicon(*NAMES, joins=False, slips=False)
    assert spelled("elvis presley", strict) == [("Elvis Presley", "elvis presley")]
    for written in ("elvispresley", "3lv15 presley", "elvis presly", "e l v i s p r e s l e y"):
        assert spelled(written, strict) == []


def test_of_overlapping_hits_the_longest_is_kept() -> None:
    book = lexicon("Maria Lopez", "Maria Lopez Garcia", "Garcia")
    hits = longest(book.find(FoldedText("maria lopez garcia, garcia")))
    assert [(hit.index, hit.first, hit.last) for hit in hits] == [(1, 0, 2), (2, 3, 3)]


def test_an_exact_hit_wins_over_a_slip_of_the_same_words() -> None:
    hits = [Hit(0, 0, 1, "misspelled"), Hit(1, 0, 1, "exact")]
    assert longest(hits) == [Hit(1, 0, 1, "exact")]


@pytest.mark.parametrize(
    ("word", "bones"), [("3lv15", "elvls"), ("will", "wll"), ("w1ll", "wll"), ("baarrett", "baret")]
)
def test_leet_and_stretching_leave_the_same_skeleton(word: str, bones: str) -> None:
    assert skeleton(word) == bones


def test_a_mark_says_what_a_name_needs() -> None:
    assert read_alias("?Prince") == Alias("Prince", Need.CUE)
    assert read_alias("~Trump") == Alias("Trump", Need.CAPITAL)
    assert read_alias("Barack Obama") == Alias("Barack Obama", Need.NOTHING)


def test_a_rare_word_stands_out_and_an_everyday_one_does_not() -> None:
    assert stands_out(("shrek",))
    for words in (("frozen",), ("morgan",), ("bad", "bunny"), ("sza",)):
        assert not stands_out(words)


@given(
    st.sampled_from(NAMES),
    st.text(alphabet="abelisvrpy ", max_size=8),
    st.text(alphabet="abelisvrpy ", max_size=8),
)
def test_a_hit_begins_and_ends_where_words_begin_and_end(name: str, before: str, after: str) -> None:
    text = f"{before}{name}{after}"
    folded = FoldedText(text)
    for hit in lexicon(*NAMES).find(folded):
        start, end = folded.words[hit.first].start, folded.words[hit.last].end
        assert start == 0 or not text[start - 1].isalnum()
        assert end == len(text) or not text[end].isalnum()


@given(st.text(max_size=200))
def test_any_text_can_be_searched_and_every_hit_is_in_it(text: str) -> None:
    folded = FoldedText(text)
    for hit in lexicon(*NAMES).find(folded):
        assert 0 <= hit.first <= hit.last < len(folded.words)
