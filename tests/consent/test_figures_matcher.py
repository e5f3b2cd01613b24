"""Finding public figures in text, with an invented roster: who is meant, how they stand, and where they are named."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.naming.fold import fold_words
from consent.public_figures.names import FigureMatcher, FigureMention
from consent.public_figures.roster import COLUMNS, Roster, parse_roster

TODAY = date(2026, 11, 23)
ROWS = (
    "Orla Brennivin,OrlaB|~Brennivin,living,1980,,singer,,hand-written,2025",
    "Casimir Vandort,,living,1950,,painter|artist,,hand-written,2025",
    "Ludo Marchetta,,dead,1900,1975-05-02,painter,Marchetta Estate,hand-written,2025",
    "Jonas Whitlock,,dead,1850,1910,writer,,hand-written,2025",
    "Vera Oldenkamp,,unknown,1960,,politician,,table,",
    "?Prisma,,living,1990,,singer,,hand-written,2025",
    "~Comet Jones,,living,1990,,singer,,hand-written,2025",
    "Mark Baker,,living,1970,,actor,,hand-written,2025",
)


def roster(*rows: str) -> Roster:
    return parse_roster("\n".join((",".join(COLUMNS), *rows, "")))


MATCHER = FigureMatcher(roster(*ROWS))


def find(text: str) -> tuple[FigureMention, ...]:
    return MATCHER.find(text, TODAY)


def names(text: str) -> list[str]:
    return [mention.name for mention in find(text)]


def test_a_mention_says_who_where_how_and_in_what_standing() -> None:
    text = "A cat beside Orla Brennivin at dusk"
    assert find(text) == (FigureMention("Orla Brennivin", 13, 27, "living", "", "exact", "", "shown"),)  # type: ignore[arg-type]  # a StrEnum equals its text


@pytest.mark.parametrize(
    ("text", "standing", "died", "estate"),
    [
        ("Orla Brennivin waves", "living", "", ""),
        ("Ludo Marchetta waves", "recently_dead", "1975-05-02", "Marchetta Estate"),
        ("Jonas Whitlock waves", "long_dead", "1910", ""),
        ("Vera Oldenkamp waves", "unknown", "", ""),
    ],
)
def test_the_standing_follows_the_list(text: str, standing: str, died: str, estate: str) -> None:
    (mention,) = find(text)
    assert (mention.standing, mention.died, mention.estate) == (standing, died, estate)


def test_the_seventy_years_are_counted_from_the_day_asked_about() -> None:
    (before,) = MATCHER.find("Ludo Marchetta waves", date(2045, 5, 2))
    (after,) = MATCHER.find("Ludo Marchetta waves", date(2045, 5, 3))
    assert (before.standing, after.standing) == ("recently_dead", "long_dead")


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("orla brennivin waves", "exact"),
        ("Örla Brennivin waves", "folded"),
        ("OrlaB waves", "alias"),
        ("Brennivin waves", "alias"),
        ("Brennivin, Orla waves", "alias"),
        ("Orl aBrenivin waves", "misspelled"),
        ("O. Brennivin waves", "alias"),
        ("#OrlaBrennivin waves", "joined"),
        ("o r l a b r e n n i v i n", "joined"),
        ("0rl4 Br3nn1v1n waves", "leet"),
        ("Orla Brenivin waves", "misspelled"),
        ("Olra Brennivin waves", "misspelled"),
    ],
)
def test_every_spelling_is_found_and_named(text: str, how: str) -> None:
    (mention,) = find(text)
    assert (mention.name, mention.how) == ("Orla Brennivin", how)


@pytest.mark.parametrize(
    "text",
    [
        "Orla waves",
        "a brennivinish taste",
        "Brennivin Morgan waves",
        "Kate Brennivin waves",
        "a prisma on the table",
        "Prisma on the table",
        "a comet jones up the trail",
        "someone unlisted waves",
        "",
    ],
)
def test_first_names_other_bearers_and_common_words_mean_nobody(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Prisma sings on stage", ["Prisma"]),
        ("the singer prisma in concert", ["Prisma"]),
        ("A glass prisma near the stage", []),
        ("Comet Jones by the sea", ["Comet Jones"]),
        ("comet jones by the sea", []),
        ("comet jones in concert", ["Comet Jones"]),
        ("COMET JONES BY THE SEA", []),
    ],
)
def test_an_ambiguous_name_needs_a_capital_or_a_cue(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("Casimir Vandort eats cake", "shown"),
        ("a deepfake of Casimir Vandort", "shown"),
        ("not Casimir Vandort at all", "shown"),
        ("a painting of Casimir Vandort", "shown"),
        ("a harbour in the style of Casimir Vandort", "style"),
        ("a Casimir Vandort style harbour", "style"),
        ("a Casimir Vandort painting of a harbour", "style"),
        ("a harbour painted by Casimir Vandort", "style"),
        ("harbour at dawn, by Casimir Vandort", "style"),
        ("a man hugged by Casimir Vandort", "shown"),
        ("harbour by Ludo Marchetta and Casimir Vandort", "style"),
        ("a woman dancing like Orla Brennivin", "style"),
        ("a singer inspired by Orla Brennivin", "style"),
        ("a book about Orla Brennivin", "mentioned"),
        ("fans of Orla Brennivin cheering", "mentioned"),
        ("people talking about Orla Brennivin", "mentioned"),
        ("Orla Brennivin Boulevard at night", "mentioned"),
        ("Orla Brennivin Street at night", "mentioned"),
        ("orla brennivin street dancing", "shown"),
        ("Orla Brennivin street dancing", "shown"),
        ("my neighbor Mark Baker waves", "mentioned"),
        ("Mark Baker the blacksmith waves", "mentioned"),
        ("Mark Baker on the red carpet", "shown"),
        ("my neighbor Orla Brennivin waves", "shown"),
    ],
)
def test_the_words_beside_a_name_say_whether_anyone_is_shown(text: str, use: str) -> None:
    uses = [mention.use for mention in MATCHER.find_all(text, TODAY)]
    assert uses[-1] == use
    shown = [mention.use for mention in find(text)]
    assert (use in shown) is (use != "mentioned")


def test_every_figure_of_a_list_is_found_in_order() -> None:
    text = "Orla Brennivin, Vera Oldenkamp and Casimir Vandort at a table"
    assert names(text) == ["Orla Brennivin", "Vera Oldenkamp", "Casimir Vandort"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Peter, Ivo waves", ["Ivo Peter"]),
        ("Peter, Ivo and Mia wave", []),
        ("Mia, Peter, Ivo wave", []),
    ],
)
def test_a_surname_that_is_a_given_name_stands_first_only_outside_a_list(text: str, found: list[str]) -> None:
    matcher = FigureMatcher(roster("Ivo Peter,,living,1980,,,,t,"))
    assert [mention.name for mention in matcher.find(text, TODAY)] == found


@pytest.mark.parametrize(("text", "found"), [("Kim-hana, Ivo waves", 1), ("kim-hana, ivo waves", 1)])
def test_a_double_name_needs_one_capital_letter(text: str, found: int) -> None:
    matcher = FigureMatcher(roster("Ivo Kim-hana,,living,1980,,,,t,"))
    assert len(matcher.find(text, TODAY)) == found


def test_an_office_with_a_year_is_the_person_who_held_it_with_their_own_standing() -> None:
    matcher = FigureMatcher(roster("Barack Obama,,living,1961,,,,t,"))
    (mention,) = matcher.find("the president of the United States in 2012 dances", TODAY)
    assert (mention.name, mention.standing, mention.how) == ("Barack Obama", "living", "role")


@pytest.mark.parametrize(
    "text", ["Танцует с Иво Плесковым", "私はプレスコフが好き", "普乐斯科夫在跳舞", "رقص مع وبليسكوف"]
)
def test_a_name_is_found_in_the_script_that_the_list_has(text: str) -> None:
    matcher = FigureMatcher(roster("Ivo Pleskov,Иво Плесков|プレスコフ|普乐斯科夫|بليسكوف,living,1980,,,,t,"))
    assert [mention.name for mention in matcher.find(text, TODAY)] == ["Ivo Pleskov"]


def test_the_living_win_where_two_people_share_a_name() -> None:
    both = FigureMatcher(roster("Ivo Pleskov,,living,1980,,,,t,", "Ivo Pleskov,,dead,1800,1860,,,t,"))
    assert [mention.standing for mention in both.find("Ivo Pleskov waves", TODAY)] == ["living"]


def test_a_role_is_found_beside_figures_and_not_over_them() -> None:
    mentions = find("the current president of France greets Orla Brennivin")
    assert [(mention.name, mention.standing) for mention in mentions] == [
        ("the current president of France", "role"),
        ("Orla Brennivin", "living"),
    ]


def test_the_revision_follows_the_list() -> None:
    assert FigureMatcher(roster(*ROWS)).revision == MATCHER.revision
    assert FigureMatcher(roster(*ROWS[1:])).revision != MATCHER.revision
    assert MATCHER.revision.startswith("figures:")


@given(st.text(max_size=300))
def test_spans_lie_within_any_text(text: str) -> None:
    for mention in MATCHER.find_all(text, TODAY):
        assert 0 <= mention.start < mention.end <= len(text)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_a_full_name_is_found_whatever_surrounds_it(before: str, after: str) -> None:
    text = f"{before} | Vera Oldenkamp | {after}"
    found = [m for m in MATCHER.find_all(text, TODAY) if m.name == "Vera Oldenkamp"]
    start = len(before) + 3
    assert (start, start + len("Vera Oldenkamp")) in {(mention.start, mention.end) for mention in found}


@given(st.sampled_from(["Orla Brennivin", "Vera Oldenkamp"]), st.text(max_size=30), st.text(max_size=30))
def test_the_span_folds_to_the_name(name: str, before: str, after: str) -> None:
    text = f"{before} {name} {after}"
    for mention in MATCHER.find_all(text, TODAY):
        if mention.how in ("exact", "folded"):
            assert fold_words(text[mention.start : mention.end]) == fold_words(mention.name)


@given(st.sampled_from("abcxyz0é"), st.booleans())
def test_a_letter_more_makes_another_word(letter: str, at_the_end: bool) -> None:
    name = f"Vera Oldenkampf{letter}x" if at_the_end else f"{letter}xVera Oldenkamp"
    assert not [m for m in find(f"so {name} so") if m.how in ("exact", "folded", "joined")]


def spent_on(text: str) -> float:
    """Seconds of this thread alone: what else runs in the process is no matter of the matcher."""
    started = time.thread_time()
    find(text)
    return time.thread_time() - started


@pytest.mark.parametrize("piece", ["a ", "orla ", "orla xqzv ", "o r l a ", "🙂é", "Orla Brennivin, "])
def test_a_hundred_kilobytes_take_time_in_proportion(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    fifth, whole = (min(spent_on(part) for _ in range(3)) for part in (text[:20_000], text))
    assert whole < 10.0
    assert whole < 20 * max(fifth, 0.02)
