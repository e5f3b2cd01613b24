"""The list that ships, on names that everybody knows: excerpts of the policy's own examples, written for the test."""

from datetime import date

import pytest

from consent.public_figures.names import FigureMatcher

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def matcher() -> FigureMatcher:
    return FigureMatcher()


@pytest.mark.parametrize(
    ("text", "name", "standing"),
    [
        ("donald trump rides a horse", "Donald Trump", "living"),
        ("Trump rides a horse", "Donald Trump", "living"),
        ("trump in an interview", "Donald Trump", "living"),
        ("TaylorSwift at the beach", "Taylor Swift", "living"),
        ("Tayl0r 5wift at the beach", "Taylor Swift", "living"),
        ("Scarlet Johanson smiles", "Scarlett Johansson", "living"),
        ("Beyonce smiles", "Beyoncé", "living"),
        ("Путин на коне", "Vladimir Putin", "living"),
        ("特朗普 eats", "Donald Trump", "living"),
        ("Elvis Presley smiles", "Elvis Presley", "recently_dead"),
        ("3lv15 pr35l3y smiles", "Elvis Presley", "recently_dead"),
        ("Marilyn Monroe smiles", "Marilyn Monroe", "recently_dead"),
        ("Albert Einstein smiles", "Albert Einstein", "long_dead"),
        ("Abraham Lincoln smiles", "Abraham Lincoln", "long_dead"),
        ("Madonna in concert", "Madonna", "living"),
        ("Dwayne Johnson lifts a car", "Dwayne Johnson", "living"),
    ],
)
def test_a_known_figure_is_found(matcher: FigureMatcher, text: str, name: str, standing: str) -> None:
    assert [(mention.name, mention.standing) for mention in matcher.find(text, TODAY)] == [(name, standing)]


@pytest.mark.parametrize(
    "text",
    [
        "the rock on the beach",
        "a bird on the edge of the cliff",
        "madonna and child painting",
        "a prince in a castle",
        "Prince Alvin finds a gemstone",
        "Will Smith the blacksmith hammers iron",
        "a book about Einstein",
        "the Lincoln Memorial at dawn",
        "a street in Washington DC",
        "cars on Martin Luther King Boulevard",
        "a Tesla car in a garage",
        "a trump card on the table",
        "a drake on the pond",
        "a slash of paint, a pink wall, the future, a sting",
        "Taylor waves to Justin and Ariana",
        "a bad bunny in the garden",
        "young people will vote",
        "Adrianna Holmes and Braden Walker wave",
        "paul and john play chess",
        "an eagle and the animals of the forest",
        "the police arrive, the who knows",
    ],
)
def test_common_words_places_and_private_names_are_nobody(matcher: FigureMatcher, text: str) -> None:
    assert matcher.find(text, TODAY) == ()


@pytest.mark.parametrize("artist", ["Picasso", "Monet", "Van Gogh", "Roy Lichtenstein"])
def test_a_dead_artists_style_shows_no_figure(matcher: FigureMatcher, artist: str) -> None:
    (mention,) = matcher.find(f"a harbour in the style of {artist}", TODAY)
    assert mention.use == "style"
    assert mention.standing != "living"


def test_a_living_artists_style_is_a_style_of_the_living(matcher: FigureMatcher) -> None:
    (mention,) = matcher.find("a harbour in the style of Banksy", TODAY)
    assert (mention.use, mention.standing) == ("style", "living")


def test_everybody_has_a_standing_on_the_list(matcher: FigureMatcher) -> None:
    text = "Kamala Harris, Kobe Bryant, the Pope and Queen Victoria"
    assert [mention.standing for mention in matcher.find(text, TODAY)] == [
        "living",
        "recently_dead",
        "role",
        "long_dead",
    ]
