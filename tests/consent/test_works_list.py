"""The list of works that ships, on names that everybody knows."""

import pytest

from consent.works.catalogue import shipped_catalogue, work_id_of
from consent.works.names import WorkMatcher


@pytest.fixture(scope="module")
def matcher() -> WorkMatcher:
    return WorkMatcher()


@pytest.mark.parametrize(
    ("text", "name", "kind", "use"),
    [
        ("Pikachu eats an apple", "Pikachu", "character", "shown"),
        ("p1kachu eats an apple", "Pikachu", "character", "shown"),
        ("ピカチュウ eats an apple", "Pikachu", "character", "shown"),
        ("スパイダーマンが飛ぶ", "Spider-Man", "character", "shown"),
        ("рядом с Человеком-пауком", "Spider-Man", "character", "shown"),
        ("蜘蛛侠在飞", "Spider-Man", "character", "shown"),
        ("spiderman on a roof", "Spider-Man", "character", "shown"),
        ("Spider Man on a roof", "Spider-Man", "character", "shown"),
        ("mickey mouse on a roof", "Mickey Mouse", "character", "shown"),
        ("a storm trooper vacuums", "Stormtrooper", "character", "shown"),
        ("shrek in a swamp", "Shrek", "character", "shown"),
        ("Hulk", "Incredible Hulk", "character", "shown"),
        ("Elsa from Frozen sings", "Elsa", "character", "shown"),
        ("Bruce Wayne at his desk", "Batman", "character", "shown"),
        ("robbing a bank in GTA 5", "Grand Theft Auto", "game", "shown"),
        ("a still of the movie Frozen", "Frozen", "film", "shown"),
        ("a cat in Disney movie style", "Disney", "studio", "style"),
        ("a cat in the style of Studio Ghibli", "Studio Ghibli", "studio", "style"),
        ("the Gucci logo on a page", "Gucci", "brand", "logo"),
        ("the Apple logo on a wall", "Apple", "brand", "logo"),
    ],
)
def test_a_known_work_is_found(matcher: WorkMatcher, text: str, name: str, kind: str, use: str) -> None:
    assert [(m.name, m.kind, m.use) for m in matcher.find(text)] == [(name, kind, use)]


@pytest.mark.parametrize(
    "text",
    [
        "a frozen lake, cars going up a hill, it rains",
        "a movie scene with a stalker",
        "toy cars on the floor",
        "he holds it up to show people",
        "write your name here",
        "an apple on a shell, a target on the wall",
        "a black panther in the jungle",
        "a robin sings on a branch",
        "a joker in a deck of cards",
        "Cars drive past",
        "volcano",
        "fire",
        "a wizard boy with round glasses",
        "a plumber in red overalls",
        "two colleagues in the office, an open notebook",
        "Zeus on a mountain, a dragon and a minotaur",
        "Sherlock Holmes with a pipe, Robin Hood in a tree",
        "The Starry Night",
        "a Tesla car in a garage",
        "friends share a bucket of KFC chicken in a park",
        "a marvel of engineering",
        "friends walk along the avenue, a family waits",
    ],
)
def test_common_words_tales_of_nobody_and_brands_in_passing_are_no_work(
    matcher: WorkMatcher, text: str
) -> None:
    assert matcher.find(text) == ()


def test_every_listed_work_has_its_own_id_that_follows_from_its_name() -> None:
    works = shipped_catalogue().works
    assert len({work.work_id for work in works}) == len(works)
    for work in works:
        assert work.work_id == work_id_of(work.franchise, work.name)


def test_an_id_does_not_depend_on_how_the_name_is_written() -> None:
    assert work_id_of("Pokémon", "Pikachu") == work_id_of("pokemon", "PIKACHU")
    assert work_id_of("Pokémon", "Pikachu") != work_id_of("", "Pikachu")
