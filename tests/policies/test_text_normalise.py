"""The normaliser shows what a reader sees, changes nothing in plain English, and can always point back."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.text.characters import is_disguise, is_invisible, latin_lookalike, script_of, tag_letter
from policies.text.normalise import NormalisedText, normalise

PLAIN_ENGLISH = st.lists(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12), max_size=20
).map(" ".join)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("n\u200bu\u200bd\u200be", "nude"),  # zero-width spaces
        ("n\u00adude", "nude"),  # soft hyphen
        ("\u202enude\u202c", "nude"),  # bidi override
        ("knife\ufe0f", "knife"),  # variation selector
        ("k\u3164nife", "knife"),  # Hangul filler
        ("wоmаn", "woman"),  # Cyrillic o and a
        ("ωoman hοuse", "ωoman house"),  # Greek omicron folds; omega looks like no Latin letter
        ("ɡun", "gun"),  # phonetic g
        ("ｋｎｉｆｅ", "knife"),  # full width
        ("𝓴𝓷𝓲𝓯𝓮", "knife"),  # mathematical script
        ("h\u0337a\u0337t\u0337e\u0337", "hate"),  # strike-through overlays
        ("\U000e006b\U000e0069\U000e006c\U000e006c", "kill"),  # tag characters
        ("a\u00a0cat\u2003sleeps", "a cat sleeps"),
        ("  a cat \t sleeps  ", "a cat sleeps"),
        ("first line \r\n\r\n second line", "first line\nsecond line"),
        ("“it’s – fine”", '"it\'s - fine"'),
    ],
)
def test_what_a_reader_sees_is_recovered(typed: str, read: str) -> None:
    assert normalise(typed).text == read


@pytest.mark.parametrize(
    "text",
    [
        "Женщина идёт по полю",
        "ένα σπίτι στο βουνό",
        "ах, как хорошо",
        "한국어 문장",
        "एक बिल्ली सो रही है",
        "قطة نائمة",
        "naïve café in São Paulo",
        "ışık ve gölge",
    ],
)
def test_real_text_of_other_alphabets_is_not_touched(text: str) -> None:
    assert normalise(text).text == text


def test_a_word_made_only_of_look_alikes_is_unmasked_in_latin_text() -> None:
    assert normalise("two people having ѕех outside").text == "two people having sex outside"


def test_the_same_word_is_left_alone_in_cyrillic_text() -> None:
    assert normalise("он съел сухое масло").text == "он съел сухое масло"


def test_the_flag_of_scotland_spells_no_word() -> None:
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert normalise(f"{flag} hills").text == "\U0001f3f4 hills"


def test_a_span_points_at_the_typed_characters() -> None:
    typed = "a n\u200bu\u200bd\u200be statue"
    normalised = normalise(typed)
    at = normalised.text.index("nude")
    start, end = normalised.original_span(at, at + 4)
    assert typed[start:end] == "n\u200bu\u200bd\u200be"


def test_a_letter_that_becomes_several_points_at_the_one_it_came_from() -> None:
    normalised = normalise("a ﬁsh")
    assert normalised.text == "a fish"
    assert normalised.original_span(2, 4) == (2, 3)


def test_an_empty_span_stays_empty() -> None:
    normalised = normalise(" cat ")
    assert normalised.original_span(0, 0) == (1, 1)
    assert normalised.original_span(3, 3) == (5, 5)
    assert normalise("").original_span(0, 0) == (0, 0)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 4)])
def test_a_span_outside_the_text_is_an_error(start: int, end: int) -> None:
    with pytest.raises(IndexError, match="does not lie in a text of 3 characters"):
        normalise("cat").original_span(start, end)


@given(PLAIN_ENGLISH)
def test_plain_english_passes_unchanged(text: str) -> None:
    normalised = normalise(text)
    assert normalised.text == text
    assert normalised.starts == tuple(range(len(text)))


def assert_maps_back(normalised: NormalisedText) -> None:
    assert len(normalised.text) == len(normalised.starts) == len(normalised.ends)
    for start, end in zip(normalised.starts, normalised.ends, strict=True):
        assert 0 <= start < end <= len(normalised.original)
    assert list(normalised.starts) == sorted(normalised.starts)


@given(st.text(max_size=200))
@example("a\u0301\u0316" * 20)
@example("\u1112\u1161\u11ab")
@example("\U000e0061\ufe0f \u200b")
def test_every_character_maps_back_to_the_original(text: str) -> None:
    assert_maps_back(normalise(text))


@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.sampled_from("\u200b\u200d\u2060\ufeff\u202e\ufe0f"),
)
def test_sprinkled_invisible_characters_change_nothing(text: str, invisible: str) -> None:
    plain = "".join(char for char in text if char.isascii())
    sprinkled = invisible.join(plain)
    assert normalise(sprinkled).text == normalise(plain).text


@given(st.text(max_size=100))
def test_nothing_invisible_remains(text: str) -> None:
    kept = normalise(text).text
    assert not any(is_invisible(char) and char != "\n" for char in kept)
    assert "  " not in kept
    assert kept == kept.strip()


@given(st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=60))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@pytest.mark.parametrize(
    "hostile", ["a\u0301\u0316" * 17_000, "\u0301" * 50_000, "\u1100\u1161" * 25_000, "\u200b" * 100_000]
)
def test_hostile_text_of_100_kilobytes_costs_little(hostile: str) -> None:
    started = time.perf_counter()
    normalise(hostile)
    assert time.perf_counter() - started < 5


def test_surplus_accents_are_dropped_at_the_limit_of_the_stream_safe_format() -> None:
    hebrew = "\u05d0" + "\u05b0" * 100
    assert len(normalise(hebrew).text) == 31


def test_the_tables_know_their_characters() -> None:
    assert latin_lookalike("х") == "x"
    assert latin_lookalike("ж") == ""
    assert is_disguise("о")
    assert not is_disguise("é")
    assert tag_letter("\U000e0041") == "A"
    assert tag_letter("A") == ""
    assert script_of("я") == "CYRILLIC"
    assert script_of("\ue000") == ""
    assert unicodedata.category("\u200b") == "Cf"
