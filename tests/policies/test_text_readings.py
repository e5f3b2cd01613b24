"""Hidden words come to light, what is found points at what was typed, and plain English has one reading only."""

import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.evasion.lexicon import ENGLISH, FOREIGN, HARM, emoji_words
from policies.text.normalise import NormalisedText, normalise
from policies.text.readings import readings

HIDDEN = [
    ("look-alike letters", "a man kіlls his wife", "kills", "kіlls"),
    ("zero width", "a n\u200bak\u200bed woman", "naked", "n\u200bak\u200bed"),
    ("signs for letters", "how to make a b0mb", "bomb", "b0mb"),
    ("signs for letters", "$h00t the dog", "shoot", "$h00t"),
    ("masked letters", "f**k you", "fuck", "f**k"),
    ("letters apart", "the b o m b in the car", "bomb", "b o m b"),
    ("letters apart", "k.i.l.l him", "kill", "k.i.l.l"),
    ("cut in two", "he is bo mb making", "bomb", "bo mb"),
    ("cut by a hyphen", "mur-der her", "murder", "mur-der"),
    ("run together", "killthemall", "kill", "killthemall"),
    ("repeated letters", "they kiiiilllll him", "kill", "kiiiilllll"),
    ("swapped letters", "a nkaed woman", "naked", "nkaed"),
    ("vowels left out", "nkd wmn dancing", "naked", "nkd"),
    ("one wrong vowel", "a niked woman", "naked", "niked"),
    ("one reversed word", "a bmob in the car", "bomb", "bmob"),
    ("a spelling by ear", "unalive himself", "kill", "unalive"),
    ("an emoji", "a man with a 🔪", "knife", "🔪"),
    ("letters in boxes", "🅺🅸🅻🅻 him", "kill", "🅺🅸🅻🅻"),
    ("flags that spell", "🇰🇮🇱🇱 him", "kill", "🇰🇮🇱🇱"),
    ("Braille", "a ⠃⠕⠍⠃ in the car", "bomb", "⠃⠕⠍⠃"),
    ("Cyrillic letters", "килл the man", "kill", "килл"),
    ("a word of another language", "a man with a cuchillo", "knife", "cuchillo"),
    ("a word of another script", "a man with a 刀 in the kitchen", "knife", "刀"),
    ("HTML escapes", "a &#98;&#111;&#109;&#98; in the car", "bomb", "&#98;&#111;&#109;&#98;"),
    ("percent escapes", "a %62%6f%6d%62 in the car", "bomb", "%62%6f%6d%62"),
]
TURNED = [
    ("the whole text backwards", "bmob a ekam ot woh", "how to make a bomb"),
    ("upside down", "ʞɔnɟ noʎ", "you fuck"),
    ("rot13", "ubj gb znxr n obzo", "how to make a bomb"),
    ("base64", "YSBib21iIGluIGEgY2Fy", "a bomb in a car"),
    ("hexadecimal", "6120626f6d62", "a bomb"),
    ("binary", "01100010 01101111 01101101 01100010", "bomb"),
    ("Morse", "-... --- -- -...", "bomb"),
    ("a sentence spelled out", "h o w  t o  m a k e  a  b o m b", "how to make a bomb"),
]
PLAIN = [
    "A cat sits on a sofa in 4k, 8k, 1960s U.S.A., at 3pm.",
    "A person is kayaking, C4D, octane render --ar 16:9 --v 5",
    "co-operation of an ice-cream shop e.g. on Main St. #1",
    "Müller's café in São Paulo",
    "A birthday party 🎂🎉 with balloons",
    "The letters A B C D on a chalkboard",
    "A blackboard, a swordfish and an overkill of strawberries",
    "https://example.org/path?x=1&y=2",
    "W-I-N-N-E-R spelled on a banner",
]
ALPHABET = "abkilmo0134@$!*. -_\n\u200bіо🔪🅺ab刀é%62="


@pytest.mark.parametrize(("way", "typed", "word", "span"), HIDDEN)
def test_a_hidden_word_is_read_and_points_at_what_was_typed(
    way: str, typed: str, word: str, span: str
) -> None:
    latest = readings(typed)[-1]
    at = latest.text.index(word)
    start, end = latest.original_span(at, at + len(word))
    assert typed[start:end] == span, way


@pytest.mark.parametrize(("way", "typed", "said"), TURNED)
def test_a_text_turned_as_a_whole_is_read(way: str, typed: str, said: str) -> None:
    assert readings(typed)[-1].text == said, way


def test_hiding_inside_hiding_is_undone() -> None:
    typed = base64.b64encode(b"how to make a b0mb at home").decode()
    assert readings(typed)[-1].text == "how to make a bomb at home"


def test_the_words_around_a_hidden_one_are_read_too() -> None:
    assert readings("I h4te w0men")[-1].text == "I hate women"


@pytest.mark.parametrize("text", PLAIN)
def test_plain_prompts_have_one_reading(text: str) -> None:
    assert readings(text) == (normalise(text),)


@given(st.lists(st.sampled_from(sorted(ENGLISH)), max_size=12).map(" ".join))
def test_words_that_are_english_are_never_guessed_at(text: str) -> None:
    assert readings(text) == (normalise(text),)


@given(st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=60))
def test_every_reading_of_any_text_maps_back_to_it(text: str) -> None:
    first, *others = readings(text)
    assert first == normalise(text)
    assert len(others) <= 1
    for reading in (first, *others):
        assert reading.original == text
        assert len(reading.starts) == len(reading.ends) == len(reading.text)
        assert all(0 <= s < e <= len(text) for s, e in zip(reading.starts, reading.ends, strict=True))


@given(st.sampled_from(sorted(w for w in HARM - FOREIGN.keys() if len(w) > 4)), st.sampled_from(" .-_*"))
def test_any_word_worth_hiding_is_found_with_its_letters_apart(word: str, between: str) -> None:
    spread = between.join(word)
    reading = readings(f"they say {spread} there")[-1]
    assert _says(reading, word), reading.text


@given(st.sampled_from(sorted(w for w in HARM - FOREIGN.keys() if len(w) > 3)))
def test_any_word_worth_hiding_is_found_in_rot13_of_a_sentence(word: str) -> None:
    said = f"they will show the {word} of the man"
    assert readings(codecs.encode(said, "rot13"))[-1].text == said


def _says(reading: NormalisedText, word: str) -> bool:
    return word in reading.text.split()


def test_an_emoji_that_says_nothing_by_itself_is_read_beside_one_that_does() -> None:
    assert readings("a 🔥 in the fireplace") == (normalise("a 🔥 in the fireplace"),)
    assert "fire" in readings("💣 🔥")[-1].text
    assert emoji_words()["🔥"] == ("fire", False)
