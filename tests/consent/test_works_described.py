"""Finding protected characters by their looks, and leaving animals, people and toys that merely resemble them alone."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.works.catalogue import WorkKind, parse_catalogue, shipped_catalogue, work_id_of
from consent.works.described.matcher import REACH, DescribedWorkMatcher
from consent.works.described.stems import stem_of
from consent.works.described.traits import parse_descriptions, shipped_descriptions
from consent.works.errors import DescriptionInvalid

MATCHER = DescribedWorkMatcher()
LIST = """# a comment
Zap | Sparks | 3 | !yellow/golden; !mouse; electric/lightning; red cheeks; bolt tail
Puff | Cloudland | 2 | !pink; !round/ball; sings
"""
SMALL = DescribedWorkMatcher(
    parse_descriptions(LIST), parse_catalogue("work_id,name,aliases,franchise,kind,holder,source\n")
)


def names(text: str, matcher: DescribedWorkMatcher = MATCHER) -> list[str]:
    return [found.name for found in matcher.find(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A small yellow electric mouse with red cheeks shoots sparks in a meadow.", "Pikachu"),
        ("a stout plumber with a moustache, a red cap and blue overalls jumps over pipes", "Mario"),
        ("An animated sponge with square brown shorts lives in a pineapple under the sea", "SpongeBob SquarePants"),
        ("a princess with a blonde braid builds an ice palace with her magic", "Elsa"),
        ("a boy wizard with round glasses, a lightning scar and a snowy owl", "Harry Potter"),
        ("a masked hero in a red and blue suit swings between skyscrapers on webs", "Spider-Man"),
        ("the big green ogre with trumpet ears argues with his donkey in the swamp", "Shrek"),
        ("a friendly forest spirit, grey and furry, waits at a bus stop in the rain with a leaf umbrella", "Totoro"),
    ],
)  # fmt: skip
def test_a_character_described_without_its_name_is_found(text: str, name: str) -> None:
    assert name in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "A yellow cab and a mouse in a cartoon city.",
        "a plumber repairs a sink, then washes his hands",
        "a boy wizard learns to fly on a carpet",
        "a sponge lies beside yellow gloves at the edge of a sink",
        "a princess in a pink dress opens a window",
        "a clownfish swims between anemones on a reef, documentary",
        "a grey cat watches a mouse hole in a barn",
        "a red race car with flames on its side wins the race",
        "an old man with a long white beard and a staff climbs a mountain",
        "an ape sits in a tree and eats bananas",
        "a black cat with green eyes sleeps on a fence at night",
        "a robot arm sorts trash on a conveyor belt",
        "a knight with a round shield and a red plume salutes",
        "a girl with red curly hair reads in a library",
        "a panda eats bamboo while a martial arts class trains far away on a hill",
    ],
)
def test_what_merely_resembles_a_character_is_left_alone(text: str) -> None:
    assert names(text) == []


def test_synonyms_of_colours_animals_and_endings_count_as_the_same_trait() -> None:
    assert names("a golden rodent with scarlet cheeks and a tail like a bolt", SMALL) == ["Zap"]
    assert {stem_of(word) for word in ("glow", "glows", "glowed")} == {stem_of("glow")}


def test_a_needed_trait_cannot_be_made_up_for_by_others() -> None:
    assert names("a yellow cat, electric, with red cheeks and a bolt for a tail", SMALL) == []


def test_too_few_traits_make_no_description() -> None:
    assert names("a yellow mouse", SMALL) == []
    assert names("a yellow mouse and lightning", SMALL) == ["Zap"]


def test_saying_that_it_is_a_character_counts_as_a_trait_beside_three_others_only() -> None:
    assert names("a yellow mouse, a cartoon character", SMALL) == []
    assert SMALL.find("a yellow mouse, lightning, a cartoon character")[0].beyond == 1


def test_traits_far_apart_belong_to_different_things() -> None:
    between = "grass " * (REACH + 1)
    assert names(f"yellow {between} mouse with red cheeks", SMALL) == []


def test_one_word_meets_one_trait_only() -> None:
    twice = parse_descriptions("Ball | X | 3 | !round ball/ball; !ball; ball")
    assert DescribedWorkMatcher(twice, shipped_catalogue()).find("a ball") == ()


def test_what_was_met_is_shown_with_its_place_in_the_text() -> None:
    text = "Under a tree: a golden mouse whose tail is like a bolt."
    (found,) = SMALL.find(text)
    assert found.traits == ("golden", "mouse", "bolt tail") or found.traits == (
        "golden",
        "mouse",
        "tail bolt",
    )
    assert text[found.start : found.end] == "golden mouse whose tail is like a bolt"
    assert (found.franchise, found.beyond) == ("Sparks", 0)


def test_each_trait_more_makes_it_less_mistakable() -> None:
    beyond = [
        SMALL.find(f"a yellow mouse{more}")[0].beyond for more in (" lightning", " lightning, red cheeks")
    ]
    assert beyond == [0, 1]


def test_an_accent_a_capital_or_a_hyphen_changes_nothing() -> None:
    assert names("A GOLDÉN-MOUSE, electric", SMALL) == ["Zap"]


def test_a_character_of_the_catalogue_keeps_its_id() -> None:
    (found,) = [
        one for one in MATCHER.find("a yellow electric mouse with red cheeks") if one.name == "Pikachu"
    ]
    listed = [
        work
        for work in shipped_catalogue().works
        if work.kind is WorkKind.CHARACTER and work.name.strip("~?") == "Pikachu"
    ]
    assert found.work_id == listed[0].work_id


def test_a_character_that_no_list_names_has_an_id_of_its_own() -> None:
    assert SMALL.find("a pink ball")[0].work_id == work_id_of("Cloudland", "Puff")


def test_every_shipped_description_is_found_by_its_own_words() -> None:
    for looks in shipped_descriptions().looks:
        text = ", ".join(trait.written[0] for trait in looks.traits)
        assert looks.name in names(text), looks.name


def test_no_shipped_description_is_met_by_its_needed_traits_alone_when_it_asks_for_more() -> None:
    for looks in shipped_descriptions().looks:
        needed = [trait.written[0] for trait in looks.traits if trait.needed]
        if len(needed) < looks.at_least:
            assert looks.name not in names(", ".join(needed)), looks.name


def test_the_list_names_each_character_once() -> None:
    names_listed = [(looks.name, looks.franchise) for looks in shipped_descriptions().looks]
    assert len(names_listed) == len(set(names_listed)) > 250


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("Zap | Sparks | yellow", "write: name"),
        ("Zap | Sparks | many | !yellow; mouse", "write: name"),
        ("Zap | Sparks | 2 | yellow; mouse", "mark at least one"),
        ("Zap | Sparks | 1 | !yellow; mouse", "ask for 2 to 2"),
        ("Zap | Sparks | 3 | !yellow; mouse", "ask for 2 to 2"),
        ("Zap | Sparks | 2 | !yellow; mouse/; cat", "leave no alternative empty"),
    ],
)
def test_a_broken_line_of_the_list_is_named_with_its_remedy(line: str, remedy: str) -> None:
    with pytest.raises(DescriptionInvalid, match=f"line 2: .*{remedy}"):
        parse_descriptions(f"# head\n{line}\n")


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_spans_lie_inside_it(text: str) -> None:
    for found in MATCHER.find(text):
        assert 0 <= found.start < found.end <= len(text)


@given(st.permutations(["a yellow one", "with a mouse face", "lightning around it", "and red cheeks"]))
def test_the_order_of_the_traits_does_not_matter(parts: list[str]) -> None:
    assert names(" ".join(parts), SMALL) == ["Zap"]


@given(st.sets(st.sampled_from(["yellow", "mouse", "electric", "red cheeks", "bolt tail"])))
def test_it_is_found_exactly_when_enough_traits_and_all_needed_ones_are_there(present: set[str]) -> None:
    expected = {"yellow", "mouse"} <= present and len(present) >= 3
    assert (names(", ".join(sorted(present)), SMALL) == ["Zap"]) is expected


def test_the_revision_changes_with_the_list() -> None:
    revisions = {
        DescribedWorkMatcher(parse_descriptions(text), shipped_catalogue()).revision
        for text in (LIST, LIST + "\n")
    }
    assert len(revisions) == 2
    assert len({*combinations(revisions, 2)}) == 1
