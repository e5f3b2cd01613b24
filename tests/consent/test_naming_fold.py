"""Folding: one text however it is written, with every word's place in the original."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.fold import FoldedText, fold_words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Beyoncé", ("beyonce",)),
        ("Beyonce\u0301", ("beyonce",)),
        ("ＢＥＹＯＮＣＥ", ("beyonce",)),
        ("𝐁𝐞𝐲𝐨𝐧𝐜𝐞", ("beyonce",)),
        ("Łukasz Ørsted", ("lukasz", "orsted")),
        ("Straße", ("strasse",)),
        ("Elv\u200bis", ("elvis",)),
        ("Elv\u00adis", ("elvis",)),
        ("Vlаdіmіr", ("vladimir",)),
        ("O'Neal-Jones", ("o", "neal", "jones")),
        ("elvis_presley", ("elvis", "presley")),
        ("習近平", ("習", "近", "平")),
        ("मोदी", ("मोदी",)),
        ("ピカチュウ", fold_words("ﾋﾟｶﾁｭｳ")),
        ("¼ ㍿", ("14", "株式会社")),
        ("💀🔥", ()),
        ("", ()),
    ],
)
def test_what_a_reader_sees_is_what_is_compared(written: str, words: tuple[str, ...]) -> None:
    assert fold_words(written) == words


def test_each_word_knows_where_it_stood_in_the_original() -> None:
    text = "Say: Beyonce\u0301 — Жизель, ok"
    folded = FoldedText(text)
    assert text[: folded.words[0].end] == "Say"
    assert text[folded.words[1].start : folded.words[1].end] == "Beyonce"
    assert text[folded.words[3].start : folded.words[3].end] == "ok"


def test_a_script_without_case_has_no_capitals() -> None:
    folded = FoldedText("習近平 walks")
    assert not folded.is_capital(0, 0)
    assert not FoldedText("習近平").has_case


@pytest.mark.parametrize(
    ("text", "has_case"), [("a man Walks", True), ("a man walks", False), ("A MAN WALKS", False), ("", False)]
)
def test_capitals_say_something_only_beside_small_letters(text: str, has_case: bool) -> None:
    assert FoldedText(text).has_case is has_case


def test_words_touch_when_only_white_space_stands_between_them() -> None:
    folded = FoldedText("Reagan  Morgan, Smith")
    assert folded.touches(0, 1)
    assert folded.touches(1, 0)
    assert not folded.touches(1, 2)


def test_a_word_begins_a_sentence_after_a_full_stop_and_at_the_start() -> None:
    folded = FoldedText("Cars pass. Up goes the balloon, Up!")
    assert [folded.begins_sentence(place) for place in range(len(folded.words))] == [
        True,
        False,
        True,
        False,
        False,
        False,
        False,
    ]


def test_the_text_between_two_places_is_folded_with_spaces_for_its_separators() -> None:
    assert FoldedText("A bÖok, about").folded_between(2, 8) == "book  "


@given(st.text())
def test_spans_lie_within_the_text_in_order_and_never_overlap(text: str) -> None:
    end = 0
    for word in FoldedText(text).words:
        assert end <= word.start < word.end <= len(text)
        end = word.end


@given(st.text())
def test_a_word_folds_to_itself(text: str) -> None:
    for word in FoldedText(text).words:
        assert "".join(fold_words(text[word.start : word.end])) == word.text


@given(st.text(alphabet=st.characters(codec="latin-1")))
def test_composed_and_decomposed_text_fold_alike(text: str) -> None:
    assert fold_words(unicodedata.normalize("NFC", text)) == fold_words(unicodedata.normalize("NFD", text))


@given(st.text(), st.text())
def test_what_a_text_folds_to_does_not_depend_on_its_neighbours(before: str, after: str) -> None:
    words = fold_words(f"{before} Zoë {after}")
    assert words == (*fold_words(before), "zoe", *fold_words(after))
