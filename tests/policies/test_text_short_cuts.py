"""The short cuts through the text rules say what the long way says, for any text."""

from hypothesis import given
from hypothesis import strategies as st

from policies.text import absolute
from policies.text.absolute import match_absolute, mentions_minor
from policies.text.minors_words import HARD, INNOCENT, MINOR, speaks_of_minors
from policies.text.normalise import _folded, _untouched, normalise
from policies.text.remembered import MOST_CHARACTERS, remembered

SCENES = """a the little small girl boy naked kiss old adult man teacher school play kids goat no children with child inner 12
year years under 18 turns age of love lolicon csam jail bait stop rape news . ! - aged, baby doll flower"""
WORDS = st.sampled_from([*SCENES.split(), "\n"])
SENTENCES = st.lists(WORDS, max_size=14).map(" ".join)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60) | SENTENCES)
def test_plain_text_is_folded_to_itself(text: str) -> None:
    assert normalise(text) == _folded(text)


@given(st.from_regex(r"[!-~]+(?:[ \n][!-~]+)*", fullmatch=True))
def test_what_takes_the_short_way_is_what_the_long_way_leaves_untouched(text: str) -> None:
    assert _untouched(text) == _folded(text)


@given(st.from_regex(MINOR, fullmatch=False) | st.from_regex(HARD, fullmatch=False))
def test_no_wording_of_the_lists_is_passed_over(text: str) -> None:
    assert speaks_of_minors(text)


@given(SENTENCES | st.text(max_size=40) | st.from_regex(INNOCENT))
def test_a_text_that_is_passed_over_would_have_matched_nothing(text: str) -> None:
    folded = normalise(text)
    blanked = absolute._blanked(folded.text)
    if not speaks_of_minors(folded.text):
        assert MINOR.search(blanked) is None
        assert HARD.search(blanked) is None
        assert (match_absolute(folded), mentions_minor(folded)) == ((), False)


def test_a_capital_or_an_odd_s_hides_nothing() -> None:
    assert speaks_of_minors("A CHILD")
    assert speaks_of_minors("\u017fchool girl"), "outside ASCII the patterns are asked"


def test_what_is_remembered_is_not_made_again_and_the_oldest_is_forgotten_first() -> None:
    made: list[str] = []

    @remembered
    def upper(text: str) -> str:
        made.append(text[0])
        return text.upper()

    long = ["a" * (MOST_CHARACTERS // 2), "b" * (MOST_CHARACTERS // 2), "c" * 10]
    for text in (*long, long[1], long[2], long[0]):
        assert upper(text) == text.upper()
    assert made == ["a", "b", "c", "a"]


def test_a_text_longer_than_all_that_is_kept_is_remembered_alone() -> None:
    sizes = [remembered(len)(text) for text in ("x" * (MOST_CHARACTERS + 1), "y")]
    assert sizes == [MOST_CHARACTERS + 1, 1]
