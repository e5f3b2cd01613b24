"""Cutting for the classifier: every token is in a window and every sentence is scored, whatever the length."""

import re

from hypothesis import given
from hypothesis import strategies as st

from policies.text.segments import MAX_SEGMENT_TOKENS, WINDOW_TOKENS, Window, cut


def tokens_of(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def scored_texts(text: str, window: Window) -> list[str]:
    offsets = tokens_of(text)
    return [text[offsets[start][0] : offsets[end - 1][1]] for start, end in window.segments]


def test_one_short_sentence_is_scored_once() -> None:
    text = "a cat sleeps on the window sill."
    assert cut(text, tokens_of(text)) == (Window(0, 8, ()),)


def test_no_tokens_make_no_windows() -> None:
    assert cut("", []) == ()


def test_sentences_are_scored_by_themselves() -> None:
    text = "The cat sleeps on the sofa. The dog runs around the garden! Is it raining on the hills?"
    (window,) = cut(text, tokens_of(text))
    assert scored_texts(text, window) == [
        "The cat sleeps on the sofa.",
        "The dog runs around the garden!",
        "Is it raining on the hills?",
    ]


def test_a_very_short_sentence_joins_its_neighbour() -> None:
    text = "The cat sleeps on the sofa. No. The dog runs around the garden."
    (window,) = cut(text, tokens_of(text))
    assert scored_texts(text, window) == [
        "The cat sleeps on the sofa. No.",
        "The dog runs around the garden.",
    ]


def test_a_line_break_ends_a_sentence() -> None:
    text = "first scene with a cat here\nsecond scene with a dog here"
    (window,) = cut(text, tokens_of(text))
    assert scored_texts(text, window) == text.split("\n")


def test_an_endless_sentence_is_cut_with_overlap() -> None:
    text = "word " * 150
    (window,) = cut(text, tokens_of(text))
    assert all(end - start <= MAX_SEGMENT_TOKENS for start, end in window.segments)
    assert all(late[0] < early[1] for early, late in zip(window.segments, window.segments[1:], strict=False))


@given(st.lists(st.sampled_from(["cat", "dog.", "runs", "fast!", "\n", "away"]), max_size=900))
def test_every_token_is_in_a_window_and_in_a_segment(words: list[str]) -> None:
    text = " ".join(words)
    offsets = tokens_of(text)
    windows = cut(text, offsets)
    covered = {token for window in windows for token in range(window.start, window.end)}
    assert covered == set(range(len(offsets)))
    for window in windows:
        assert window.end - window.start <= WINDOW_TOKENS
        inside = {token for start, end in window.segments for token in range(start, end)}
        assert inside in (set(), set(range(window.start, window.end)))
